import type { Counter, Family, Gauge, Metrics } from '../../../kernel/metrics/metrics.ts'

export interface SpoolMetrics {
  readonly bytes: Gauge
  readonly frames: Gauge
  readonly memory: Gauge
  readonly blocked: Family<Gauge>
  readonly appended: Counter
  readonly corrupt: Counter
  readonly errors: Family<Counter>
  readonly unsentRecords: Family<Gauge>
  readonly unsentBytes: Family<Gauge>
  readonly unsentAge: Family<Gauge>
}

export function spoolMetrics(metrics: Metrics): SpoolMetrics {
  return {
    bytes: metrics.gauge('spool_bytes', 'What the spool takes on disk.').with(),
    frames: metrics.gauge('spool_frames', 'Frames (batches of records) in the spool.').with(),
    memory: metrics
      .gauge('spool_memory_bytes', 'What the recent frames that are kept in memory take.')
      .with(),
    blocked: metrics.gauge(
      'spool_blocked',
      '1 while reading waits for the spool: it is full, or the disk refuses.',
      ['reason'],
    ),
    appended: metrics.counter('spool_appended_records_total', 'Records that were spooled.').with(),
    corrupt: metrics.counter('spool_corrupt_total', 'Times that a segment was found damaged.').with(),
    errors: metrics.counter('spool_disk_errors_total', 'Refused writes and syncs of the spool.', [
      'operation',
      'code',
    ]),
    unsentRecords: metrics.gauge(
      'unsent_records',
      'Records in the spool that the output has not delivered yet.',
      ['output'],
    ),
    unsentBytes: metrics.gauge('unsent_bytes', 'What of the spool the output has not delivered yet.', [
      'output',
    ]),
    unsentAge: metrics.gauge(
      'unsent_age_seconds',
      'How long the oldest record that the output has not delivered is in the spool.',
      ['output'],
    ),
  }
}
