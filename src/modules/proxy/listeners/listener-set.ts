import { deadlineIn } from '../../../kernel/lifecycle/deadline.ts'
import type { Deadline, Host } from '../../../kernel/module.ts'
import { listenPortsOf } from '../capture/ports.ts'
import type { ListenerConfig, ProxyConfig } from '../config.ts'
import type { Listener } from './listener.ts'

/** Opens a listener whose means go with the scope of the host that is given. */
export type OpenListener = (config: ListenerConfig, proxy: ProxyConfig, host: Host) => Promise<Listener>

interface Held {
  readonly place: string
  readonly listen: string
  readonly listener: Listener
  readonly scope: AsyncDisposableStack
}

/** How long what is under way on a listener that a reload takes away may go on. */
const LEAVING_MS = 30_000
/** The same where another takes its address: who is connected is not to notice, and tunnels live long. */
const REPLACED_MS = 24 * 3600_000

/**
 * The listeners of a configuration. A reload leaves those that stay in the same place alone, opens the new ones and
 * lets the others finish what is under way, so that it breaks no connection. Disposing it closes all.
 */
export class ListenerSet implements AsyncDisposable {
  readonly #host: Host
  readonly #open: OpenListener
  /** In the order of the configuration. */
  #held: readonly Held[] = []
  readonly #leaving = new Set<Held>()

  constructor(host: Host, open: OpenListener) {
    this.#host = host
    this.#open = open
  }

  get all(): readonly Listener[] {
    return this.#held.map(({ listener }) => listener)
  }

  find(name: string): Listener | undefined {
    return this.#held.find(({ listener }) => listener.name === name)?.listener
  }

  async start(proxy: ProxyConfig): Promise<void> {
    this.#held = await this.#openAll(proxy.listeners, proxy)
  }

  /** The listener that stays for each one of the next configuration; undefined for those that are to be opened. */
  staying(next: ProxyConfig): readonly (Listener | undefined)[] {
    return this.#match(next).map(held => held?.listener)
  }

  /** Rejects when a listener cannot be opened; then nothing but the ports of those that leave is lost. */
  async update(next: ProxyConfig): Promise<void> {
    const matched = this.#match(next)
    const leaving = this.#held.filter(held => !matched.includes(held))
    // A listener that opens in the place of one that leaves takes its port over.
    await Promise.all(leaving.map(({ listener }) => listener.listening.close()))
    const opening = next.listeners.filter((_, at) => matched[at] === undefined)
    const opened = await this.#openAll(opening, next)
    for (const [at, held] of matched.entries()) held?.listener.update(next.listeners[at]!, next)
    let taken = 0
    this.#held = matched.map(held => held ?? opened[taken++]!)
    const addresses = new Set(next.listeners.map(({ listen }) => listen))
    for (const held of leaving) void this.#leave(held, addresses.has(held.listen) ? REPLACED_MS : LEAVING_MS)
  }

  async drain(deadline: Deadline): Promise<void> {
    const all = [...this.#held, ...this.#leaving]
    await Promise.all(all.map(({ listener }) => listener.drain(deadline)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#held, ...this.#leaving]
    this.#held = []
    this.#leaving.clear()
    await Promise.all(all.map(({ scope }) => scope.disposeAsync()))
  }

  #match(next: ProxyConfig): readonly (Held | undefined)[] {
    const free = new Set(this.#held)
    return next.listeners.map(config => {
      const place = placeOf(config)
      for (const held of free)
        if (held.place === place) {
          free.delete(held)
          return held
        }
      return undefined
    })
  }

  async #openAll(configs: readonly ListenerConfig[], proxy: ProxyConfig): Promise<Held[]> {
    const results = await Promise.allSettled(configs.map(config => this.#openOne(config, proxy)))
    const opened = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = results.find(result => result.status === 'rejected')
    if (failed === undefined) return opened
    await Promise.all(opened.map(({ scope }) => scope.disposeAsync()))
    throw failed.reason
  }

  async #openOne(config: ListenerConfig, proxy: ProxyConfig): Promise<Held> {
    await using scope = new AsyncDisposableStack()
    const listener = await this.#open(config, proxy, { ...this.#host, scope })
    scope.defer(() => listener.listening.close())
    this.#host.log.info('listening', 'the proxy takes connections', {
      address: listener.listening.address,
      ...describeListener(config),
    })
    return { place: placeOf(config), listen: config.listen, listener, scope: scope.move() }
  }

  async #leave(held: Held, forMs: number): Promise<void> {
    this.#leaving.add(held)
    using deadline = deadlineIn(this.#host.clock, forMs)
    await held.listener.drain(deadline)
    if (!this.#leaving.delete(held)) return
    await held.scope.disposeAsync()
  }
}

/** What cannot change while a listener stays open. */
function placeOf(listener: ListenerConfig): string {
  const { name, listen, protocol, versions, forward, inbound, outbound } = listener
  const kinds = [forward, inbound, outbound].map(kind => kind !== undefined)
  return JSON.stringify([name, listen, protocol, versions, ...kinds, ...listenPortsOf(listener)])
}

/** What it does, for the log. */
function describeListener({ upstream, forward, inbound, outbound }: ListenerConfig): object {
  if (forward !== undefined) return { does: 'forward proxy' }
  if (inbound !== undefined || outbound !== undefined) return { does: inbound ? 'inbound' : 'outbound' }
  return { upstream: upstream ?? 'by routes' }
}
