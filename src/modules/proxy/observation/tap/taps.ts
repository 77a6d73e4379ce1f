import type { ServerRequest } from '../../../../http/server/request.ts'
import type { ResponseBody, ResponseObserver, ServerResponse } from '../../../../http/server/response.ts'
import type { Clock, Timer } from '../../../../kernel/clock/clock.ts'
import type { Counter, Gauge } from '../../../../kernel/metrics/metrics.ts'
import type { Host } from '../../../../kernel/module.ts'
import { jsonLines } from '../access-log/json-line.ts'
import type { Conclusion, Observed } from '../observed.ts'
import { Redaction } from '../redaction.ts'
import { passes, readTapFilter, type TapFilter } from './tap-filter.ts'

/** More people than this do not look at once. */
const MAX_TAPS = 16

/** So often an empty line goes to a silent tap: who has gone is noticed by it. */
const HEARTBEAT_MS = 5_000
const HEARTBEAT = Buffer.from('\n')

const HEADERS = {
  'Content-Type': 'application/x-ndjson',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

interface Refused {
  readonly status: 400 | 403 | 503
  readonly problem: string
}

/** Streams requests, as they end, to whoever asks for them on the admin listener. Without a tap nothing is watched. */
export class Taps implements Disposable {
  readonly #open = new Set<Tap>()
  readonly #count: Gauge
  readonly #dropped: Counter
  readonly #line = jsonLines(new Redaction())
  readonly #onChange: () => void
  readonly #clock: Clock
  #heartbeat: Timer | undefined

  /** `onChange` is called when the first tap comes and when the last one goes. */
  constructor(host: Pick<Host, 'admin' | 'clock' | 'metrics'>, onChange: () => void) {
    this.#onChange = onChange
    this.#clock = host.clock
    this.#count = host.metrics.gauge('taps', 'Taps that are open.').with()
    this.#dropped = host.metrics
      .counter('tap_dropped_total', 'Requests that a tap did not show because its reader is behind.')
      .with()
    host.admin.get(
      '/proxy/tap',
      'Requests of the proxy as they end, one JSON object a line, without secrets; to this machine only',
      (request, response) => this.#serve(request, response),
    )
  }

  get isOpen(): boolean {
    return this.#open.size > 0
  }

  show(observed: Observed, how: Conclusion): void {
    let line: Buffer | undefined
    for (const tap of this.#open) {
      if (!passes(tap.filter, observed, how)) continue
      line ??= Buffer.from(this.#line(observed, how))
      tap.put(line)
    }
  }

  [Symbol.dispose](): void {
    for (const tap of [...this.#open]) tap.end()
  }

  #serve(request: ServerRequest, response: ServerResponse): void {
    const filter = this.#admit(request)
    if ('problem' in filter) {
      const body = `${JSON.stringify({ error: filter.problem })}\n`
      response.send(filter.status, { 'Content-Type': 'application/json' }, body)
    } else if (request.method === 'HEAD') response.send(200, HEADERS)
    else this.#begin(filter, response)
  }

  #admit(request: ServerRequest): TapFilter | Refused {
    if (!request.fromLoopback) return { status: 403, problem: 'requests are shown to this machine only' }
    if (this.#open.size >= MAX_TAPS) return { status: 503, problem: `there are ${MAX_TAPS} taps already` }
    const filter = readTapFilter(request.query)
    return 'problem' in filter ? { ...filter, status: 400 } : filter
  }

  #begin(filter: TapFilter, response: ServerResponse): void {
    const body = response.start(200, HEADERS)
    const tap = new Tap(filter, body, this.#dropped, () => this.#closed(tap))
    response.observer = tap
    body.flush()
    this.#open.add(tap)
    this.#count.inc()
    if (this.#open.size > 1) return
    this.#heartbeat = this.#clock.interval(HEARTBEAT_MS, () => {
      for (const open of this.#open) open.beat()
    })
    this.#onChange()
  }

  #closed(tap: Tap): void {
    if (!this.#open.delete(tap)) return
    this.#count.dec()
    if (this.#open.size > 0) return
    this.#heartbeat?.cancel()
    this.#onChange()
  }
}

/** One reader. What it does not take at once is not kept for it: it is told how much it has missed. */
class Tap implements ResponseObserver {
  readonly filter: TapFilter
  readonly #body: ResponseBody
  readonly #dropped: Counter
  readonly #onClosed: () => void
  #hasRoom = true
  #missed = 0

  constructor(filter: TapFilter, body: ResponseBody, dropped: Counter, onClosed: () => void) {
    this.filter = filter
    this.#body = body
    this.#dropped = dropped
    this.#onClosed = onClosed
  }

  put(line: Buffer): void {
    if (this.#hasRoom) this.#hasRoom = this.#body.put(line)
    else {
      this.#missed++
      this.#dropped.inc()
    }
  }

  beat(): void {
    if (this.#hasRoom) this.#hasRoom = this.#body.put(HEARTBEAT)
  }

  drained(): void {
    this.#hasRoom = true
    if (this.#missed === 0) return
    const notice = Buffer.from(`{"missed":${this.#missed}}\n`)
    this.#missed = 0
    this.#hasRoom = this.#body.put(notice)
  }

  gone(): void {
    this.#onClosed()
  }

  end(): void {
    this.#onClosed()
    this.#body.end()
  }
}
