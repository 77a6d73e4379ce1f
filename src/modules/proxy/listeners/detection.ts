import type { Socket } from 'node:net'
import type { TlsPeer } from '../../../http/tls/acceptor.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Spoken } from '../capture/first-bytes.ts'
import { Sniffer } from '../capture/sniffer.ts'

export interface DetectionOwner {
  /** The connection begins with a request. */
  serve(socket: Socket, tls: TlsPeer | undefined): void
  /** It is passed on as it is; `rest` is what it has said and cannot be read from it again. */
  pass(socket: Socket, tls: TlsPeer | undefined, spoken: Spoken, rest: Buffer): void
}

/** Tells connections of HTTP from all others, by their first bytes. */
export class Detection implements Disposable {
  readonly #sniffer: Sniffer
  readonly #owner: DetectionOwner
  timeoutMs: number

  constructor(clock: Clock, timeoutMs: number, owner: DetectionOwner) {
    this.#sniffer = new Sniffer(clock)
    this.timeoutMs = timeoutMs
    this.#owner = owner
  }

  /** For each connection. Bound. */
  readonly accept = (socket: Socket, tls?: TlsPeer): void => {
    this.#sniffer.look(socket, this.timeoutMs, (seen, spoken, rest) => {
      if (spoken.kind !== 'http') this.#owner.pass(seen, tls, spoken, rest)
      else {
        this.#owner.serve(seen, tls)
        seen.resume()
      }
    })
  };

  [Symbol.dispose](): void {
    this.#sniffer.close()
  }
}
