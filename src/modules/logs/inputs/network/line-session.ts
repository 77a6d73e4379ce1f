import type { InputHost } from '../input.ts'
import type { Peer, Session } from './connection.ts'
import type { Found, Framing } from './frames.ts'
import type { NetworkMeters } from './meters.ts'
import { Rest } from './rest.ts'

/** Messages of one stream, each of which becomes a record by the format of the input. */
export class LineSession implements Session {
  messages = 0
  readonly #host: InputHost
  readonly #meters: NetworkMeters
  readonly #framing: Framing
  readonly #rest: Rest
  /** Names the connection: records of several lines are put together from lines of the same one. */
  readonly #source: string
  readonly #origin: { readonly input: string; readonly path: string; readonly tag: string }

  constructor(peer: Peer, framing: Framing, host: InputHost, meters: NetworkMeters) {
    this.#host = host
    this.#meters = meters
    this.#framing = framing
    this.#rest = new Rest(peer.allowance)
    const path = peer.remoteAddress
    this.#source = `${host.name} ${peer.number}`
    this.#origin = { input: host.name, path, tag: host.tag(path) }
  }

  get heldBytes(): number {
    return this.#rest.capacity
  }

  async take(chunk: Buffer): Promise<void> {
    const bytes = this.#rest.add(chunk)
    const found = this.#framing.find(bytes, false)
    this.#rest.keep(bytes, found.next)
    if (found.count > 0) await this.#handOver(bytes, found, false)
  }

  async end(): Promise<void> {
    const bytes = this.#rest.add(Buffer.alloc(0))
    const found = this.#framing.find(bytes, true)
    this.#rest.keep(bytes, bytes.length)
    if (this.messages + found.count > 0) await this.#handOver(bytes, found, true)
  }

  async #handOver(bytes: Buffer, { next: _, count, ...columns }: Found, final: boolean): Promise<void> {
    this.messages += count
    await this.#host.sink({
      bytes,
      count,
      ...columns,
      readAtMs: this.#host.clock.now(),
      origin: this.#origin,
      source: this.#source,
      mayWait: true,
      ...(final && { closes: 'all' }),
    })
    this.#meters.records.inc(count)
  }
}
