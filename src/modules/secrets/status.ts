import type { Delivery } from './deliveries/delivery.ts'
import type { Secrets } from './secret/secrets.ts'
import type { TrackedSecret } from './secret/tracked-secret.ts'
import type { OpenSources } from './sources/open-sources.ts'

/** What `GET /secrets` says: names, states and times, and never a value. Times are ISO 8601. */
export interface SecretsStatus {
  readonly sources: readonly { readonly name: string; readonly state: string; readonly message?: string }[]
  readonly secrets: readonly SecretStatus[]
  readonly deliveries: readonly DeliveryStatusLine[]
}

export interface SecretStatus {
  readonly name: string
  /** waiting, fresh, stale or expired. */
  readonly state: string
  /** How long the value is good: leased, rotated, expires, static or watched; absent while there is none. */
  readonly timing?: string
  readonly renewable?: boolean
  /** Absent for a value without an end. */
  readonly expiresInSeconds?: number
  /** Until the next renewal or fetch. */
  readonly nextInSeconds?: number
  readonly lastSuccess?: string
  readonly lastChange?: string
  readonly problem?: {
    readonly reason: string
    readonly message: string
    readonly since: string
    readonly attempts: number
  }
  /** The deliveries that it is in. */
  readonly usedBy: readonly string[]
}

export interface DeliveryStatusLine {
  readonly name: string
  readonly kind: string
  readonly target: string
  readonly ready: boolean
  readonly state: string
  readonly message?: string
  readonly delivered?: string
  readonly changes: number
  readonly secrets: readonly string[]
}

export function statusOf(
  sources: OpenSources,
  secrets: Secrets,
  deliveries: readonly Delivery[],
  nowMs: number,
): SecretsStatus {
  const used = new Map<string, string[]>()
  const lines = deliveries.map((delivery): DeliveryStatusLine => {
    const { kind, target, renditions, changes, deliveredAtMs } = delivery.status
    const names = [...new Set(renditions.flatMap(each => each.secrets.map(({ name }) => name)))]
    for (const name of names) used.set(name, [...(used.get(name) ?? []), delivery.name])
    const { state, message } = delivery.health()
    return {
      name: delivery.name,
      kind,
      target,
      ready: delivery.isReady,
      state,
      ...(message !== undefined && { message }),
      ...(deliveredAtMs !== undefined && { delivered: iso(deliveredAtMs) }),
      changes,
      secrets: names,
    }
  })
  return {
    sources: [...sources].map(({ name, source }) => {
      const { state, message } = source.health()
      return { name, state, ...(message !== undefined && { message }) }
    }),
    secrets: [...secrets.all()].map(secret => secretStatus(secret, used.get(secret.name) ?? [], nowMs)),
    deliveries: lines,
  }
}

function secretStatus(secret: TrackedSecret, usedBy: readonly string[], nowMs: number): SecretStatus {
  const { nextAtMs, succeededAtMs, changedAtMs } = secret.times
  const remainingMs = secret.remainingMs()
  const { problem, lease, value } = secret
  return {
    name: secret.name,
    state: secret.state,
    ...(value !== undefined && { timing: value.timing.kind }),
    ...(lease !== undefined && { renewable: lease.renewable }),
    ...(value !== undefined && Number.isFinite(remainingMs) && { expiresInSeconds: seconds(remainingMs) }),
    ...(nextAtMs !== undefined && { nextInSeconds: seconds(nextAtMs - nowMs) }),
    ...(succeededAtMs !== undefined && { lastSuccess: iso(succeededAtMs) }),
    ...(changedAtMs !== undefined && { lastChange: iso(changedAtMs) }),
    ...(problem !== undefined && {
      problem: {
        reason: problem.reason,
        message: problem.message,
        since: iso(problem.sinceMs),
        attempts: problem.attempts,
      },
    }),
    usedBy,
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
