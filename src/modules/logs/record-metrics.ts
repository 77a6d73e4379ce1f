import type { Counter, Family, Metrics } from '../../kernel/metrics/metrics.ts'

/** What happened to lines and records between an input and the spool. Made once for the module. */
export interface RecordMetrics {
  /** Label: input. */
  readonly inputRecords: Family<Counter>
  /** Label: input. */
  readonly inputBytes: Family<Counter>
  /** Labels: input, format. */
  readonly misfits: Family<Counter>
  /** Label: input. */
  readonly unreadableTimes: Family<Counter>
  /** Label: input. */
  readonly pieces: Family<Counter>
  /** Label: input. */
  readonly joined: Family<Counter>
  /** Labels: input, reason. */
  readonly closedEarly: Family<Counter>
  /** Labels: input, reason (the step's position and kind). */
  readonly dropped: Family<Counter>
  /** Label: input. */
  readonly unconverted: Family<Counter>
  /** Label: input. */
  readonly redacted: Family<Counter>
}

export function recordMetrics(metrics: Metrics): RecordMetrics {
  return {
    inputRecords: metrics.counter(
      'input_records_total',
      'Lines and records of an input that are safe: they are spooled, or a step has dropped them.',
      ['input'],
    ),
    inputBytes: metrics.counter('input_bytes_total', 'Bytes of these lines and records.', ['input']),
    misfits: metrics.counter(
      'parse_failures_total',
      'Lines that did not fit their format; they are kept as message with a parse_error.',
      ['input', 'format'],
    ),
    unreadableTimes: metrics.counter(
      'unreadable_times_total',
      'Records whose time field was missing or unreadable; they have the time at which they were read.',
      ['input'],
    ),
    pieces: metrics.counter('line_pieces_total', 'Records that are a piece of a line that was too long.', [
      'input',
    ]),
    joined: metrics.counter('multiline_records_total', 'Records that were put together of several lines.', [
      'input',
    ]),
    closedEarly: metrics.counter(
      'multiline_partial_records_total',
      'Records of several lines that went out before they were known to be whole: after a timeout, at a limit (max_lines, max_bytes, memory), or at the end of their source.',
      ['input', 'reason'],
    ),
    dropped: metrics.counter('dropped_records_total', 'Records that a step dropped, by step.', [
      'input',
      'reason',
    ]),
    unconverted: metrics.counter(
      'unconverted_values_total',
      'Values that a step could not convert to another type; they stay as they are.',
      ['input'],
    ),
    redacted: metrics.counter('redacted_values_total', 'Values in which a step masked or hashed something.', [
      'input',
    ]),
  }
}
