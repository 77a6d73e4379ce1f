import type { Metrics } from '../../kernel/metrics/metrics.ts'
import type { Secrets } from './secret/secrets.ts'
import type { SecretWorld, TrackedSecret } from './secret/tracked-secret.ts'

/** What the module counts. Labels are names and paths of secrets, never values. */
export interface Measures {
  readonly outcome: SecretWorld['onOutcome']
  readonly login: (source: string, what: 'login' | 'renewal', failed: boolean) => void
  readonly rendered: (delivery: string, seconds: number, failed: boolean) => void
  readonly delivered: (delivery: string, failed: boolean) => void
  readonly reacted: (reaction: string, seconds: number, failed: boolean) => void
  /** Gauges of what is held now; asked for at each exposition. */
  follow(secrets: () => Secrets): void
}

const SECONDS = [0.0001, 0.001, 0.01, 0.1, 1, 10]

export function createMeasures(metrics: Metrics): Measures {
  const fetches = metrics.counter('fetches_total', 'Secrets asked for, by what came of it.', [
    'source',
    'outcome',
  ])
  const renewals = metrics.counter('renewals_total', 'Renewals of leases, by what came of them.', [
    'source',
    'outcome',
  ])
  const logins = metrics.counter('logins_total', 'Logins, and renewals of tokens, by what came of them.', [
    'source',
    'what',
    'outcome',
  ])
  const renders = metrics.histogram('render_seconds', 'Time to make one text, one pass.', SECONDS, [
    'delivery',
  ])
  const renderFailures = metrics.counter('render_failures_total', 'Texts that could not be made.', [
    'delivery',
  ])
  const deliveries = metrics.counter('deliveries_total', 'Deliveries, by what came of them.', [
    'delivery',
    'outcome',
  ])
  const reactions = metrics.counter('reactions_total', 'Reactions to changes, by what came of them.', [
    'reaction',
    'outcome',
  ])
  const outcomeOf = (failed: boolean) => (failed ? 'failed' : 'ok')
  return {
    outcome: ({ sourceName }, what, failure) =>
      (what === 'fetch' ? fetches : renewals).with(sourceName, failure?.reason ?? 'ok').inc(),
    login: (source, what, failed) => logins.with(source, what, outcomeOf(failed)).inc(),
    rendered: (delivery, seconds, failed) => {
      renders.with(delivery).observe(seconds)
      if (failed) renderFailures.with(delivery).inc()
    },
    delivered: (delivery, failed) => deliveries.with(delivery, outcomeOf(failed)).inc(),
    reacted: (reaction, _seconds, failed) => reactions.with(reaction, outcomeOf(failed)).inc(),
    follow: secrets => followSecrets(metrics, secrets),
  }
}

function followSecrets(metrics: Metrics, secrets: () => Secrets): void {
  const states = metrics.gauge('secrets', 'Secrets that are held, by state.', ['state'])
  const expiry = metrics.gauge(
    'expiry_seconds',
    'Seconds until a secret’s value ends; none for one without an end.',
    ['secret'],
  )
  const success = metrics.gauge(
    'last_success_timestamp_seconds',
    'When a secret was last fetched or renewed.',
    ['secret'],
  )
  const ready = metrics.gauge('fresh', '1 while a secret’s value is good, else 0.', ['secret'])
  let known = new Set<string>()
  metrics.onCollect(() => {
    const counts = { waiting: 0, fresh: 0, stale: 0, expired: 0 }
    const seen = new Set<string>()
    for (const secret of secrets().all()) {
      counts[secret.state]++
      seen.add(secret.name)
      setGauges(secret)
    }
    for (const [state, count] of Object.entries(counts)) states.with(state).set(count)
    for (const name of known)
      if (!seen.has(name)) for (const family of [expiry, success, ready]) family.remove(name)
    known = seen
  })
  const setGauges = (secret: TrackedSecret) => {
    const remainingMs = secret.remainingMs()
    if (Number.isFinite(remainingMs)) expiry.with(secret.name).set(Math.round(remainingMs) / 1000)
    const { succeededAtMs } = secret.times
    if (succeededAtMs !== undefined) success.with(secret.name).set(succeededAtMs / 1000)
    ready.with(secret.name).set(secret.state === 'fresh' ? 1 : 0)
  }
}
