import type { Counter, Metrics } from '../../../../kernel/metrics/metrics.ts'
import type { TailedFile } from './file.ts'

/** Tail's own metrics, bound to one input. */
export interface Meters {
  readonly lines: Counter
  readonly bytes: Counter
  readonly opened: Counter
  readonly rotated: Counter
  readonly truncated: Counter
  readonly gaps: Counter
  readonly skipped: Counter
  readonly shortened: Counter
  readonly givenUp: Counter
  readonly readErrors: Counter
  /** Removes the series of files. */
  close(): void
}

export function tailMeters(
  metrics: Metrics,
  input: string,
  files: () => Iterable<TailedFile>,
  safeUpTo: (file: TailedFile) => number,
): Meters {
  const counter = (name: string, help: string) => metrics.counter(name, help, ['input']).with(input)
  const lag = metrics.gauge('tail_lag_bytes', 'Bytes of a file that are not yet safe in the spool.', [
    'input',
    'file',
  ])
  const open = metrics.gauge('tail_open_files', 'Files held open.', ['input'])
  let shown = new Set<string>()
  const show = (current: Iterable<TailedFile>) => {
    const byPath = new Map<string, number>()
    let openFiles = 0
    for (const file of current) {
      if (file.fd !== undefined) openFiles++
      if (file.skipped || file.copyOf) continue
      // A rotated file and its successor share the name.
      byPath.set(file.path, (byPath.get(file.path) ?? 0) + Math.max(0, file.size - safeUpTo(file)))
    }
    for (const path of shown) if (!byPath.has(path)) lag.remove(input, path)
    for (const [path, bytes] of byPath) lag.with(input, path).set(bytes)
    shown = new Set(byPath.keys())
    open.with(input).set(openFiles)
  }
  let closed = false
  metrics.onCollect(() => {
    if (!closed) show(files())
  })
  return {
    lines: counter('tail_read_lines_total', 'Lines read and handed on safely.'),
    bytes: counter('tail_read_bytes_total', 'Bytes read and handed on safely.'),
    opened: counter('tail_opened_files_total', 'Files opened.'),
    rotated: counter(
      'tail_rotated_files_total',
      'Files that lost their path to another one, or were deleted.',
    ),
    truncated: counter(
      'tail_truncated_files_total',
      'Files whose content was replaced in place (copytruncate).',
    ),
    gaps: counter(
      'tail_possible_gaps_total',
      'Truncations for which no copy with the rest was found: lines written just before may be lost.',
    ),
    shortened: counter(
      'tail_shortened_lines_total',
      'Lines longer than the limit of which something was left out, as `longLines` says.',
    ),
    givenUp: counter(
      'tail_given_up_bytes_total',
      'Bytes that were not read because `maxLag` says that they need not be.',
    ),
    skipped: counter('tail_skipped_files_total', 'Files left out because they are compressed.'),
    readErrors: counter('tail_read_errors_total', 'Failed attempts to open or read a file.'),
    close: () => {
      closed = true
      show([])
      open.remove(input)
    },
  }
}
