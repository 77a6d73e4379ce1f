import type { Clock } from '../../kernel/clock/clock.ts'
import type { Log } from '../../kernel/log/log.ts'
import type { KubernetesClient } from './client.ts'
import { isConflict } from './error.ts'
import { leaseSpec, mayTake, type Observed, observe, released, taken } from './lease.ts'
import { type KubernetesObject, RESOURCES } from './resources.ts'

export interface LeaderOptions {
  readonly client: Pick<KubernetesClient, 'find' | 'create' | 'replace'>
  readonly clock: Clock
  readonly log: Log
  /** The Lease (coordination.k8s.io/v1) that the candidates share; made when it is not there. */
  readonly namespace: string
  readonly name: string
  /** Of this process and of no other, also not of its next start. */
  readonly identity: string
  /** What a leader does. The next term begins only after it has resolved. */
  readonly lead: (term: Term) => Promise<void>
  /** How long the others wait for a silent leader. Default 15 s. */
  readonly leaseMs?: number
  /** How long a leader acts without having renewed; less than `leaseMs`. Default 10 s. */
  readonly renewMs?: number
  /** Between attempts. Default 2 s. */
  readonly retryMs?: number
  /** Between 0 and 1; for tests. Default Math.random. */
  readonly random?: () => number
}

/** The time in which this process leads. */
export interface Term {
  /** Aborts when it is over. */
  readonly signal: AbortSignal
  /** Right also when timers are late (a stopped process): ask before each write. */
  holds(): boolean
}

/** Disposing ends the term, waits for `lead`, and releases the Lease so that another takes over at once. */
export interface Election extends AsyncDisposable {
  readonly leading: boolean
  /** Who leads, as far as is known; '' for nobody. */
  readonly leader: string
}

const DEFAULTS = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 }

/**
 * Leader election by a Lease, with the times and rules of Kubernetes' own components. Only the clock of the host that
 * judges is used, never the times in the Lease: a leader counts from when it has SENT what was granted, the others
 * from when they have SEEN it, so two lead at once only if one clock runs `leaseMs / renewMs` times as fast as another.
 */
export function electLeader(options: LeaderOptions): Election {
  const { leaseMs = DEFAULTS.leaseMs, renewMs = DEFAULTS.renewMs, retryMs = DEFAULTS.retryMs } = options
  if (!(retryMs < renewMs && renewMs < leaseMs))
    throw new RangeError(`an election needs retry < renew < lease, not ${retryMs}, ${renewMs}, ${leaseMs} ms`)
  return new Candidate(options, { leaseMs, renewMs, retryMs })
}

interface RunningTerm {
  readonly ending: AbortController
  /** By `monotonic`. */
  untilMs: number
}

class Candidate implements Election {
  readonly #options: LeaderOptions
  readonly #times: typeof DEFAULTS
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #observed: Observed | undefined
  #lease: KubernetesObject | undefined
  #term: RunningTerm | undefined
  #problem = ''

  constructor(options: LeaderOptions, times: typeof DEFAULTS) {
    this.#options = options
    this.#times = times
    this.#running = this.#run()
  }

  get leading(): boolean {
    return this.#holds(this.#term)
  }

  get leader(): string {
    return this.#observed?.spec.holderIdentity ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the election was left'))
    await this.#running
  }

  #holds(term: RunningTerm | undefined): boolean {
    return term !== undefined && !term.ending.signal.aborted && this.#options.clock.monotonic() < term.untilMs
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      const sentMs = clock.monotonic()
      if (await this.#tryTake(this.#times.renewMs)) await this.#lead(sentMs)
      await clock.sleep(this.#pauseMs(), signal).catch(() => {})
    }
  }

  async #lead(sentMs: number): Promise<void> {
    const { lead, log, identity, name } = this.#options
    const ending = new AbortController()
    const term: RunningTerm = { ending, untilMs: sentMs + this.#times.renewMs }
    this.#term = term
    log.info('leader_begins', `this process leads (${name})`, { identity })
    const work = Promise.resolve()
      .then(() => lead({ signal: ending.signal, holds: () => this.#holds(term) }))
      .catch(error => {
        if (!ending.signal.aborted)
          log.error('leader_failed', 'what a leader does has failed; another may lead', { error })
      })
      .finally(() => ending.abort(new Error('what a leader does has ended')))
    await this.#renew(term)
    ending.abort(new Error('the term is over'))
    await work
    this.#term = undefined
    log.info('leader_ends', `this process leads no more (${name})`, { identity })
    // Nobody else can have taken it while the term held; after it the Lease says itself whose it is.
    await this.#release()
  }

  /** Until the term is over. */
  async #renew(term: RunningTerm): Promise<void> {
    const { clock } = this.#options
    const over = AbortSignal.any([this.#stop.signal, term.ending.signal])
    for (;;) {
      const leftMs = term.untilMs - clock.monotonic()
      const timer = clock.timeout(leftMs, () =>
        term.ending.abort(new Error('the Lease was not renewed in time')),
      )
      await clock.sleep(Math.min(this.#times.retryMs, leftMs), over).catch(() => {})
      const sentMs = clock.monotonic()
      const may = !over.aborted && sentMs < term.untilMs
      const renewed = may && (await this.#tryTake(term.untilMs - sentMs))
      timer.cancel()
      if (over.aborted) return
      if (renewed) term.untilMs = sentMs + this.#times.renewMs
      else if (this.#isAnothers() || clock.monotonic() >= term.untilMs) return
    }
  }

  /** One attempt to take or to renew the Lease; false when it is another's, or when the server did not agree. */
  async #tryTake(timeoutMs: number): Promise<boolean> {
    const { client, clock, namespace, name, identity } = this.#options
    const given = { timeoutMs: Math.min(timeoutMs, this.#times.renewMs / 2), signal: this.#stop.signal }
    try {
      // Who leads knows the newest version: it was the last to write. If not, the server says so.
      const known = this.#term === undefined ? undefined : this.#lease
      const lease = known ?? (await client.find(RESOURCES.leases, { namespace, name }, given))
      this.#see(lease)
      if (!mayTake(this.#observed, identity, clock.monotonic(), this.#times.leaseMs)) return false
      const spec = taken(this.#observed?.spec, identity, clock.now(), this.#times.leaseMs)
      const written =
        lease === undefined
          ? await client.create(RESOURCES.leases, { metadata: { namespace, name }, spec }, given)
          : await client.replace(RESOURCES.leases, { ...lease, spec }, given)
      this.#see(written)
      this.#problem = ''
      return true
    } catch (error) {
      this.#lease = undefined
      this.#failed(error)
      return false
    }
  }

  #see(lease: KubernetesObject | undefined): void {
    this.#lease = lease
    this.#observed = observe(this.#observed, leaseSpec(lease), this.#options.clock.monotonic())
  }

  #isAnothers(): boolean {
    const { leader } = this
    return leader !== '' && leader !== this.#options.identity
  }

  async #release(): Promise<void> {
    const { client, clock, identity, namespace, name } = this.#options
    const given = { timeoutMs: this.#times.retryMs }
    try {
      // A renewal that was broken off may have arrived.
      this.#see(await client.find(RESOURCES.leases, { namespace, name }, given))
      if (this.#lease === undefined || this.leader !== identity) return
      const spec = released(this.#observed!.spec, clock.now())
      this.#see(await client.replace(RESOURCES.leases, { ...this.#lease, spec }, given))
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown): void {
    // Two wrote at once, and the other was faster: that is how an election goes.
    if (this.#stop.signal.aborted || isConflict(error)) return
    const { message } = error as Error
    if (message !== this.#problem)
      this.#options.log.warn(
        'lease_failed',
        'the Lease by which a leader is found cannot be used at present',
        { error },
      )
    this.#problem = message
  }

  #pauseMs(): number {
    const { retryMs } = this.#times
    return retryMs + (this.#options.random ?? Math.random)() * retryMs * 0.2
  }
}
