import type { Counter, Gauge, Histogram, Metrics } from '../../../kernel/metrics/metrics.ts'

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Why records became dead letters. */
export type DeadReason = 'rejected' | 'too_large' | 'given_up'

/** One output's series. */
export interface DeliveryMetrics {
  readonly deliveredRecords: Counter
  readonly deliveredBytes: Counter
  readonly retriedRecords: Counter
  readonly dead: Readonly<Record<DeadReason, Counter>>
  readonly sendsDone: Counter
  readonly sendsPartial: Counter
  readonly sendsFailed: Counter
  readonly sendsTooLarge: Counter
  readonly inFlight: Gauge
  readonly inFlightBytes: Gauge
  readonly backingOff: Gauge
  readonly seconds: Histogram
}

export function deliveryMetrics(metrics: Metrics, output: string): DeliveryMetrics {
  const counter = (name: string, help: string) => metrics.counter(name, help, ['output']).with(output)
  const gauge = (name: string, help: string) => metrics.gauge(name, help, ['output']).with(output)
  const dead = metrics.counter(
    'dead_lettered_records_total',
    'Records that the output will never take, put aside.',
    ['output', 'reason'],
  )
  const sends = metrics.counter('sends_total', 'Sends by what came of them.', ['output', 'outcome'])
  return {
    deliveredRecords: counter('delivered_records_total', 'Records that the output has taken.'),
    deliveredBytes: counter('delivered_bytes_total', 'Bytes of records that the output has taken.'),
    retriedRecords: counter('retried_records_total', 'Records that had to be sent again.'),
    dead: {
      rejected: dead.with(output, 'rejected'),
      too_large: dead.with(output, 'too_large'),
      given_up: dead.with(output, 'given_up'),
    },
    sendsDone: sends.with(output, 'done'),
    sendsPartial: sends.with(output, 'partial'),
    sendsFailed: sends.with(output, 'failed'),
    sendsTooLarge: sends.with(output, 'too_large'),
    inFlight: gauge('sends_in_flight', 'Sends under way.'),
    inFlightBytes: gauge('in_flight_bytes', 'Bytes of frames that are taken from the spool and not settled.'),
    backingOff: gauge(
      'backing_off',
      '1 while the output does not take records and is tried ever more rarely.',
    ),
    seconds: metrics
      .histogram('send_duration_seconds', 'How long sends took.', SECONDS, ['output'])
      .with(output),
  }
}
