import { parseRequestHead, type RequestHead } from '../../wire/http1/head.ts'
import type { HeadLimits } from '../../wire/http1/limits.ts'
import { RepeatedHead } from '../../wire/http1/repeated-head.ts'
import { PREFACE_HEAD } from '../../wire/http2/frame.ts'
import type { RefusedRequest } from './server.ts'

/** Method and path of a head that is refused for something else. */
const REQUEST_LINE = /^([A-Z]{1,20}) (\/[!-"$->@-~]{0,1023})[? ]/

/** Reads the heads of one connection; the one that it has just sent is known already. */
export class RequestHeads {
  readonly #limits: HeadLimits
  readonly #repeated = new RepeatedHead<RequestHead>()
  #refusedLine: RegExpExecArray | null = null

  #isFirst = true
  readonly #takesHttp2: boolean

  constructor(limits: HeadLimits, takesHttp2: boolean) {
    this.#limits = limits
    this.#takesHttp2 = takesHttp2
  }

  /** As `parseRequestHead`, but for a connection that begins as one of HTTP/2. Bound. */
  readonly read = (text: string): RequestHead | 'http2' => {
    if (this.#isFirst && this.#takesHttp2 && text === PREFACE_HEAD) return 'http2'
    this.#isFirst = false
    const known = this.#repeated.recall(text)
    if (known !== undefined) return known
    const head = this.#parse(text)
    // The text may keep alive what came in one piece with it, which must not be a body.
    if (head.framing.kind === 'none') this.#repeated.keep(text, head)
    return head
  }

  /** What is known of the request that is refused. */
  refused(status: number): RefusedRequest {
    const [, method, path] = this.#refusedLine ?? []
    const known = method !== undefined && path !== undefined && { method, path }
    return { status, protocol: 'HTTP/1.1', ...known }
  }

  #parse(text: string): RequestHead {
    try {
      return parseRequestHead(text, this.#limits)
    } catch (error) {
      this.#refusedLine = REQUEST_LINE.exec(text)
      throw error
    }
  }
}
