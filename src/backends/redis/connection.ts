import type { Socket } from 'node:net'
import { type ClientTls, createDialer } from '../../http/client/dial.ts'
import type { Clock, Timer } from '../../kernel/clock/clock.ts'
import { encodeCommand, type Reply, ReplyError, ReplyReader } from '../../wire/resp/resp.ts'

export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss:` for TLS. */
  readonly url: URL
  readonly tls?: ClientTls
  /** A command without an answer for this long takes the connection with it: those behind it wait for the same. */
  readonly timeoutMs: number
  /** Commands under way; above it they fail at once. */
  readonly maxPending: number
}

export type RedisState = 'connected' | 'away'

export interface RedisWorld {
  readonly clock: Clock
  readonly random: () => number
  /** `reason` is for people; only changes are told. */
  changed(state: RedisState, reason: string): void
}

/** Called once, in the turn in which the answer comes; an Error says why there is none. */
export type RedisAnswer = (reply: Reply | Error) => void

const CONNECT_TIMEOUT_MS = 2_000
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 10_000

/**
 * One connection to a Redis server, made at once and again whenever it breaks. Commands are sent behind each other
 * without waiting (pipelining). While there is no connection they fail at once: who asks has to answer somebody.
 */
export class RedisConnection implements Disposable {
  readonly #options: RedisOptions
  readonly #world: RedisWorld
  readonly #waiting: { readonly untilMs: number; readonly answer: RedisAnswer }[] = []
  #socket: Socket | undefined
  #reader = new ReplyReader()
  #ready = false
  #state: RedisState | undefined
  #failures = 0
  #watch: Timer | undefined
  #again: Timer | undefined
  #closed = false

  constructor(options: RedisOptions, world: RedisWorld) {
    this.#options = options
    this.#world = world
    this.#connect()
  }

  get connected(): boolean {
    return this.#ready
  }

  /** Parts are latin1 text. */
  send(parts: readonly string[], answer: RedisAnswer): void {
    if (!this.#ready) answer(new Error('there is no connection to Redis'))
    else if (this.#waiting.length >= this.#options.maxPending)
      answer(new Error('too many commands wait for Redis'))
    else this.#write(parts, answer, this.#options.timeoutMs)
  }

  /**
   * Many commands in one write, each encoded as RESP; `answer` is called for each of them, in order.
   * They are taken together or not at all, and `maxPending` does not count for them.
   */
  sendAll(commands: Uint8Array, count: number, answer: RedisAnswer): void {
    if (!this.#ready) {
      for (let i = 0; i < count; i++) answer(new Error('there is no connection to Redis'))
      return
    }
    const untilMs = this.#world.clock.monotonic() + this.#options.timeoutMs
    for (let i = 0; i < count; i++) this.#waiting.push({ untilMs, answer })
    if (this.#watch === undefined) this.#setWatch(this.#options.timeoutMs)
    this.#socket!.write(commands)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#again?.cancel()
    this.#lose('the connection is closed')
  }

  #write(parts: readonly string[], answer: RedisAnswer, timeoutMs: number): void {
    const untilMs = this.#world.clock.monotonic() + timeoutMs
    this.#waiting.push({ untilMs, answer })
    if (this.#watch === undefined) this.#setWatch(timeoutMs)
    this.#socket!.write(encodeCommand(parts), 'latin1')
  }

  #connect(): void {
    const { url, tls } = this.#options
    const secure = url.protocol === 'rediss:'
    const origin = new URL(`${secure ? 'https' : 'http'}://${url.hostname}:${url.port || 6379}`)
    const dialer = createDialer(origin, tls, [])
    const socket = dialer.dial()
    this.#socket = socket
    this.#reader = new ReplyReader()
    let reason = 'the connection ended'
    const limit = this.#world.clock.timeout(CONNECT_TIMEOUT_MS, () => {
      reason = 'no connection in time'
      socket.destroy()
    })
    socket.setNoDelay(true)
    socket.once(dialer.readyEvent, () => {
      limit.cancel()
      this.#greet()
    })
    socket.on('data', chunk => this.#take(chunk.toString('latin1')))
    socket.on('error', error => {
      reason = error.message
    })
    socket.on('close', () => {
      limit.cancel()
      if (this.#socket === socket) this.#lose(reason)
    })
  }

  /** The name and the database; nothing is sent by others before Redis has taken them. */
  #greet(): void {
    const { username, password, pathname } = this.#options.url
    const name = asSent(username)
    const secret = asSent(password)
    const database = pathname.slice(1)
    const steps: string[][] = []
    if (secret !== '') steps.push(['AUTH', ...(name === '' ? [] : [name]), secret])
    if (database !== '') steps.push(['SELECT', database])
    steps.push(['PING'])
    for (const [at, step] of steps.entries())
      this.#write(
        step,
        reply => {
          if (reply instanceof Error) return
          if (reply instanceof ReplyError) this.#lose(`Redis refuses ${step[0]}: ${reply.message}`)
          else if (at === steps.length - 1) this.#welcome()
        },
        CONNECT_TIMEOUT_MS,
      )
  }

  #welcome(): void {
    this.#ready = true
    this.#failures = 0
    this.#tell('connected', 'Redis answers')
  }

  #take(text: string): void {
    try {
      for (const reply of this.#reader.push(text)) {
        const first = this.#waiting.shift()
        if (first === undefined) {
          this.#lose('Redis answers what nobody asked')
          return
        }
        first.answer(reply)
      }
    } catch (error) {
      this.#lose((error as Error).message)
    }
  }

  /** Answers come in the order of the commands, so the first one alone has to be watched. */
  #setWatch(ms: number): void {
    this.#watch = this.#world.clock.timeout(ms, () => {
      this.#watch = undefined
      const first = this.#waiting[0]
      if (first === undefined) return
      const leftMs = first.untilMs - this.#world.clock.monotonic()
      if (leftMs > 0) this.#setWatch(leftMs)
      else this.#lose('Redis did not answer in time')
    })
  }

  #lose(reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#ready = false
    this.#watch?.cancel()
    this.#watch = undefined
    socket.destroy()
    const error = new Error(reason)
    for (const { answer } of this.#waiting.splice(0)) answer(error)
    if (this.#closed) return
    this.#tell('away', reason)
    const ceilingMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10))
    const waitMs = ceilingMs * (0.5 + 0.5 * this.#world.random())
    this.#again = this.#world.clock.timeout(waitMs, () => this.#connect())
  }

  #tell(state: RedisState, reason: string): void {
    if (state === this.#state) return
    this.#state = state
    this.#world.changed(state, reason)
  }
}

/** A part of a URL as the bytes that Redis compares with, which are UTF-8. */
function asSent(part: string): string {
  return Buffer.from(decodeURIComponent(part)).toString('latin1')
}
