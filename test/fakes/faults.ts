import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a fake does instead of, or besides, its work. */
export type Fault =
  /** Answers with this status and does nothing. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Takes some items and refuses the others with this status (`_bulk` only). `refuse` gets the item's ordinal. */
  | { readonly kind: 'items'; readonly status: number; readonly refuse: (ordinal: number) => boolean }
  /** Never answers. `when`: whether the work is done first. */
  | { readonly kind: 'hang'; readonly when?: Moment }
  /** Resets the connection. */
  | { readonly kind: 'reset'; readonly when?: Moment }
  /** Works, and answers only after a while. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Works, and answers 200 with this text. */
  | { readonly kind: 'text'; readonly body: string }

export type Moment = 'before' | 'after'

/** Faults in store: each is used up by one request; when none is left `chaos` is asked, if there is one. */
export class Faults {
  readonly #queue: Fault[] = []
  /** Decides for the request with this number, from 1. */
  chaos: ((request: number) => Fault | undefined) | undefined
  #requests = 0

  add(...faults: readonly Fault[]): void {
    this.#queue.push(...faults)
  }

  clear(): void {
    this.#queue.length = 0
    this.chaos = undefined
  }

  next(): Fault | undefined {
    this.#requests++
    return this.#queue.shift() ?? this.chaos?.(this.#requests)
  }
}

/** Random faults from a seed: `rate` of the requests meet one of every kind that a bad day brings. */
export function badDay(rate: number, seed = 1): (request: number) => Fault | undefined {
  let state = seed >>> 0 || 1
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const kinds: readonly (() => Fault)[] = [
    () => ({ kind: 'status', status: 429 }),
    () => ({ kind: 'status', status: 503, headers: { 'retry-after': '1' } }),
    () => ({ kind: 'status', status: 502, body: '<html>bad gateway</html>' }),
    () => ({ kind: 'items', status: 429, refuse: ordinal => ordinal % 3 === 1 }),
    () => ({ kind: 'items', status: 503, refuse: ordinal => ordinal % 7 === 0 }),
    () => ({ kind: 'hang', when: random() < 0.5 ? 'before' : 'after' }),
    () => ({ kind: 'reset', when: random() < 0.5 ? 'before' : 'after' }),
    () => ({ kind: 'slow', ms: Math.floor(random() * 300) }),
  ]
  return () => (random() < rate ? kinds[Math.floor(random() * kinds.length)]() : undefined)
}

/** Plays a fault on a connection; true when nothing more is to be answered. */
export async function play(
  fault: Fault | undefined,
  moment: Moment,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  switch (fault?.kind) {
    case 'hang':
      return (fault.when ?? 'before') === moment
    case 'reset':
      if ((fault.when ?? 'before') !== moment) return false
      request.socket.resetAndDestroy()
      return true
    case 'status':
      response.writeHead(fault.status, fault.headers).end(fault.body ?? '')
      return true
    case 'slow':
      if (moment === 'after') await new Promise(resolve => setTimeout(resolve, fault.ms))
      return false
    case 'text':
      if (moment === 'before') return false
      response.writeHead(200, { 'content-type': 'text/html' }).end(fault.body)
      return true
    default:
      return false
  }
}

/** A request's whole body, or undefined when it is larger than `maxBytes` (the rest is read and thrown away). */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks, bytes)
}
