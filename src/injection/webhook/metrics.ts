import type { Counter, Gauge, Histogram, Metrics } from '../../kernel/metrics/metrics.ts'
import type { Decision } from './decision.ts'

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export type RefusalReason =
  | 'not_found'
  | 'method'
  | 'content_type'
  | 'too_large'
  | 'too_slow'
  | 'invalid'
  | 'not_ready'
  | 'busy'

/** What the webhook counts. Only what was injected counts as injected. */
export class ReviewMetrics {
  readonly #reviews: (outcome: string, reason: string) => Counter
  readonly #validations: (outcome: string, reason: string) => Counter
  readonly #refused: (reason: RefusalReason) => Counter
  readonly #seconds: (webhook: string) => Histogram
  readonly #bytes: Histogram
  readonly underWay: Gauge

  constructor(metrics: Metrics) {
    const reviews = metrics.counter(
      'reviews_total',
      'New pods that the webhook was asked about, by what became of them and why.',
      ['outcome', 'reason'],
    )
    this.#reviews = (outcome, reason) => reviews.with(outcome, reason)
    const validations = metrics.counter(
      'validations_total',
      'Workloads and pods that were looked at before they were stored, by what was said of them.',
      ['outcome', 'reason'],
    )
    this.#validations = (outcome, reason) => validations.with(outcome, reason)
    const refused = metrics.counter(
      'requests_refused_total',
      'Requests that came to no review: too large, too slow, of a wrong type or version.',
      ['reason'],
    )
    this.#refused = reason => refused.with(reason)
    const seconds = metrics.histogram(
      'review_duration_seconds',
      'From the whole request to its answer.',
      SECONDS,
      ['webhook'],
    )
    this.#seconds = webhook => seconds.with(webhook)
    this.#bytes = metrics
      .histogram('review_bytes', 'Size of the reviews that came.', [4096, 16_384, 65_536, 262_144, 1_048_576])
      .with()
    this.underWay = metrics.gauge('reviews_under_way', 'Reviews whose answer is not given yet.').with()
  }

  decided(webhook: 'mutate' | 'validate', { outcome, reason }: Decision, seconds: number): void {
    const count = webhook === 'mutate' ? this.#reviews : this.#validations
    count(outcome, reason).inc()
    this.#seconds(webhook).observe(seconds)
  }

  received(bytes: number): void {
    this.#bytes.observe(bytes)
  }

  refused(reason: RefusalReason): void {
    this.#refused(reason).inc()
  }

  /** By our own fault; the failurePolicy of the webhook says what becomes of the pod. */
  failed(webhook: 'mutate' | 'validate'): void {
    const count = webhook === 'mutate' ? this.#reviews : this.#validations
    count('failed', 'internal_error').inc()
  }
}
