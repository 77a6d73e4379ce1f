import type { ServerRequest } from '../../http/server/request.ts'
import type { ResponseBody, ResponseObserver, ServerResponse } from '../../http/server/response.ts'
import type { Clock, Timer } from '../clock/clock.ts'
import type { Counter, Gauge } from '../metrics/metrics.ts'
import type { Host } from '../module.ts'

/** More people than this do not look at once. */
const MAX_READERS = 16

/** So often an empty line goes to a silent reader: who has gone is noticed by it. */
const HEARTBEAT_MS = 5_000
const HEARTBEAT = Buffer.from('\n')

const HEADERS = {
  'Content-Type': 'application/x-ndjson',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

export interface LiveLinesOptions<Filter> {
  readonly host: Pick<Host, 'admin' | 'clock' | 'metrics'>
  /** On the admin listener, such as `/proxy/tap`. */
  readonly path: string
  readonly about: string
  /** What the lines are about, for messages: `requests`. */
  readonly what: string
  /** Of the readers that are there, and of the lines that one did not get because it is behind. */
  readonly readers: Gauge
  readonly dropped: Counter
  /** What a reader wants, or what is wrong with how it says so. */
  readonly filterOf: (query: URLSearchParams) => Filter | { readonly problem: string }
  /** Called when the first reader comes and when the last one goes. */
  readonly onChange?: () => void
}

interface Refused {
  readonly status: 400 | 403 | 503
  readonly problem: string
}

/**
 * Streams lines of JSON, as they come about, to whoever asks for them on the admin listener of this machine.
 * Without a reader nothing is made; a reader that is slow is told how much it has missed, and holds nobody.
 */
export class LiveLines<Filter extends object> implements Disposable {
  readonly #o: LiveLinesOptions<Filter>
  readonly #clock: Clock
  readonly #open = new Set<Reader<Filter>>()
  #heartbeat: Timer | undefined

  constructor(options: LiveLinesOptions<Filter>) {
    this.#o = options
    this.#clock = options.host.clock
    options.host.admin.get(options.path, options.about, (request, response) => this.#serve(request, response))
  }

  get isOpen(): boolean {
    return this.#open.size > 0
  }

  /** Offers one line to every reader that wants it; it is made for the first of them. */
  offer(wants: (filter: Filter) => boolean, make: () => Buffer): void {
    let line: Buffer | undefined
    for (const reader of this.#open) {
      if (!wants(reader.filter)) continue
      line ??= make()
      reader.put(line)
    }
  }

  /** So many lines are left out for every reader. */
  skip(count: number): void {
    for (const reader of this.#open) reader.miss(count)
  }

  [Symbol.dispose](): void {
    for (const reader of [...this.#open]) reader.end()
  }

  #serve(request: ServerRequest, response: ServerResponse): void {
    const filter = this.#admit(request)
    if ('problem' in filter) {
      const { status, problem } = filter as Refused
      const body = `${JSON.stringify({ error: problem })}\n`
      response.send(status, { 'Content-Type': 'application/json' }, body)
    } else if (request.method === 'HEAD') response.send(200, HEADERS)
    else this.#begin(filter, response)
  }

  #admit(request: ServerRequest): Filter | Refused {
    const { what, filterOf } = this.#o
    if (!request.fromLoopback) return { status: 403, problem: `${what} are shown to this machine only` }
    if (this.#open.size >= MAX_READERS)
      return { status: 503, problem: `${MAX_READERS} look at ${what} already` }
    const filter = filterOf(request.query)
    return 'problem' in filter ? { status: 400, problem: filter.problem } : filter
  }

  #begin(filter: Filter, response: ServerResponse): void {
    const body = response.start(200, HEADERS)
    const reader = new Reader(filter, body, this.#o.dropped, () => this.#closed(reader))
    response.observer = reader
    body.flush()
    this.#open.add(reader)
    this.#o.readers.inc()
    if (this.#open.size > 1) return
    this.#heartbeat = this.#clock.interval(HEARTBEAT_MS, () => {
      for (const open of this.#open) open.beat()
    })
    this.#o.onChange?.()
  }

  #closed(reader: Reader<Filter>): void {
    if (!this.#open.delete(reader)) return
    this.#o.readers.dec()
    if (this.#open.size > 0) return
    this.#heartbeat?.cancel()
    this.#o.onChange?.()
  }
}

/** What it does not take at once is not kept for it: it is told how much it has missed. */
class Reader<Filter> implements ResponseObserver {
  readonly filter: Filter
  readonly #body: ResponseBody
  readonly #dropped: Counter
  readonly #onClosed: () => void
  #hasRoom = true
  #missed = 0

  constructor(filter: Filter, body: ResponseBody, dropped: Counter, onClosed: () => void) {
    this.filter = filter
    this.#body = body
    this.#dropped = dropped
    this.#onClosed = onClosed
  }

  put(line: Buffer): void {
    if (this.#hasRoom && this.#missed > 0) this.#tell()
    if (this.#hasRoom) this.#hasRoom = this.#body.put(line)
    else this.miss(1)
  }

  miss(count: number): void {
    this.#missed += count
    this.#dropped.inc(count)
  }

  beat(): void {
    if (!this.#hasRoom) return
    if (this.#missed > 0) this.#tell()
    else this.#hasRoom = this.#body.put(HEARTBEAT)
  }

  drained(): void {
    this.#hasRoom = true
    if (this.#missed > 0) this.#tell()
  }

  gone(): void {
    this.#onClosed()
  }

  end(): void {
    this.#onClosed()
    this.#body.end()
  }

  #tell(): void {
    const notice = Buffer.from(`{"missed":${this.#missed}}\n`)
    this.#missed = 0
    this.#hasRoom = this.#body.put(notice)
  }
}
