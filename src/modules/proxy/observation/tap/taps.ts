import { LiveLines } from '../../../../kernel/admin/live-lines.ts'
import type { Host } from '../../../../kernel/module.ts'
import { jsonLines } from '../access-log/json-line.ts'
import type { Conclusion, Observed } from '../observed.ts'
import { Redaction } from '../redaction.ts'
import { passes, readTapFilter, type TapFilter } from './tap-filter.ts'

/** Streams requests, as they end, to whoever asks for them on the admin listener. Without a tap nothing is watched. */
export class Taps implements Disposable {
  readonly #lines: LiveLines<TapFilter>
  readonly #line = jsonLines(new Redaction())

  /** `onChange` is called when the first tap comes and when the last one goes. */
  constructor(host: Pick<Host, 'admin' | 'clock' | 'metrics'>, onChange: () => void) {
    this.#lines = new LiveLines({
      host,
      path: '/proxy/tap',
      about:
        'Requests of the proxy as they end, one JSON object a line, without secrets; to this machine only',
      what: 'requests',
      readers: host.metrics.gauge('taps', 'Taps that are open.').with(),
      dropped: host.metrics
        .counter('tap_dropped_total', 'Requests that a tap did not show because its reader is behind.')
        .with(),
      filterOf: readTapFilter,
      onChange,
    })
  }

  get isOpen(): boolean {
    return this.#lines.isOpen
  }

  show(observed: Observed, how: Conclusion): void {
    this.#lines.offer(
      filter => passes(filter, observed, how),
      () => Buffer.from(this.#line(observed, how)),
    )
  }

  [Symbol.dispose](): void {
    this.#lines[Symbol.dispose]()
  }
}
