import type { Socket } from 'node:net'
import { beginsTls } from '../../wire/tls/detect.ts'
import { type Deadline, DeadlineWheel } from '../deadline-wheel.ts'
import type { Timers } from '../timers.ts'
import type { OnSecure, TlsAcceptor } from './acceptor.ts'

/** off: plain only. permissive: TLS from those who speak it, plain from the others. strict: TLS only. */
export type TlsMode = 'off' | 'permissive' | 'strict'

export interface TlsListenerOptions {
  readonly mode: TlsMode
  readonly clock: Timers
  /** Required unless the mode is off. */
  readonly acceptor?: Pick<TlsAcceptor, 'accept'>
  readonly onSecure: OnSecure
  /** Plain connections; what was looked at comes again. Who does not listen for data at once must resume the socket. */
  readonly onPlain: (socket: Socket) => void
  /** In permissive mode: a client that says nothing for so long is a plain one, for protocols in which the server speaks first. Default 1 s. */
  readonly detectTimeoutMs?: number
}

/** What a listener does with each connection, by mode. */
export function tlsListener(options: TlsListenerOptions): (raw: Socket) => void {
  const { mode, acceptor, onSecure, onPlain, detectTimeoutMs = 1000 } = options
  if (mode === 'off') return onPlain
  if (acceptor === undefined) throw new TypeError(`TLS mode ${mode} needs an acceptor`)
  if (mode === 'strict') return raw => acceptor.accept(raw, onSecure)
  const wheel = new DeadlineWheel(options.clock, 100)
  const decided = (raw: Socket, secure: boolean): void => {
    if (secure) {
      acceptor.accept(raw, onSecure)
      return
    }
    onPlain(raw)
    // It was paused with what has arrived; who listens already need not know that.
    if (raw.listenerCount('data') > 0) raw.resume()
  }
  return raw => new Detection(wheel, raw, detectTimeoutMs, decided)
}

/** Waits for the first byte of one connection, and puts back what it has read (no copy). */
class Detection implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly #wheel: DeadlineWheel
  readonly #raw: Socket
  readonly #decided: (raw: Socket, secure: boolean) => void

  constructor(
    wheel: DeadlineWheel,
    raw: Socket,
    timeoutMs: number,
    decided: (raw: Socket, secure: boolean) => void,
  ) {
    this.#wheel = wheel
    this.#raw = raw
    this.#decided = decided
    raw.on('data', this.#arrived)
    raw.on('end', this.#ended)
    raw.on('close', this.#closed)
    raw.on('error', this.#closed)
    wheel.arm(this, timeoutMs)
  }

  expire(): void {
    this.#raw.pause()
    this.#leave()
    this.#decided(this.#raw, false)
  }

  readonly #arrived = (bytes: Buffer): void => {
    this.#raw.pause()
    this.#raw.unshift(bytes)
    this.#leave()
    this.#decided(this.#raw, beginsTls(bytes))
  }

  /** Nobody could be told of the end again, and nothing was asked. */
  readonly #ended = (): void => {
    this.#leave()
    this.#raw.destroy()
  }

  readonly #closed = (): void => {
    this.#leave()
  }

  #leave(): void {
    this.#wheel.remove(this)
    this.#raw.off('data', this.#arrived)
    this.#raw.off('end', this.#ended)
    this.#raw.off('close', this.#closed)
    this.#raw.off('error', this.#closed)
  }
}
