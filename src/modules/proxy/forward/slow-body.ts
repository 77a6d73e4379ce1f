import type { ResponseBody, ServerResponse } from '../../../http/server/response.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'

/** What an exchange needs of the body that it answers with. */
export type AnswerBody = Pick<ResponseBody, 'put' | 'end' | 'abort'>

const TICK_MS = 50

/** The body of an answer at so many bytes a second, as a fault asks for it. */
export class SlowBody implements AnswerBody {
  readonly #body: ResponseBody
  readonly #response: ServerResponse
  readonly #clock: Clock
  readonly #bytesPerTick: number
  /** It has sent all that it was given. */
  onRoom: (() => void) | undefined
  readonly #waiting: Buffer[] = []
  #owedBytes = 0
  #timer: Timer | undefined
  #isFull = false
  #ended = false
  #trailers: HeaderList | undefined

  constructor(body: ResponseBody, response: ServerResponse, bytesPerSecond: number, clock: Clock) {
    this.#body = body
    this.#response = response
    this.#clock = clock
    this.#bytesPerTick = (bytesPerSecond * TICK_MS) / 1000
  }

  put(chunk: Buffer): boolean {
    this.#waiting.push(chunk)
    this.#wait()
    return false
  }

  end(trailers: HeaderList | undefined): void {
    this.#ended = true
    this.#trailers = trailers
    if (this.#waiting.length === 0) this.#body.end(trailers)
  }

  /** The client has taken what was sent. */
  drained(): void {
    this.#isFull = false
    if (this.#waiting.length > 0) this.#wait()
  }

  abort(): void {
    this.#timer?.cancel()
    this.#body.abort()
  }

  #wait(): void {
    this.#timer ??= this.#clock.timeout(TICK_MS, () => this.#tick())
  }

  #tick(): void {
    this.#timer = undefined
    if (this.#response.clientGone) return
    this.#owedBytes += this.#bytesPerTick
    while (this.#owedBytes >= 1 && this.#waiting.length > 0 && !this.#isFull)
      this.#send(Math.floor(this.#owedBytes))
    if (this.#waiting.length > 0) {
      if (!this.#isFull) this.#wait()
    } else if (this.#ended) this.#body.end(this.#trailers)
    else {
      this.#owedBytes = 0
      this.onRoom?.()
    }
  }

  #send(bytes: number): void {
    const chunk = this.#waiting[0]!
    const part = chunk.subarray(0, bytes)
    this.#owedBytes -= part.length
    if (part.length === chunk.length) this.#waiting.shift()
    else this.#waiting[0] = chunk.subarray(bytes)
    this.#isFull = !this.#body.put(part)
  }
}
