import type { KubernetesObject } from './resources.ts'

/** The spec of a Lease, as far as an election needs it. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
  readonly [more: string]: unknown
}

/** A state of the Lease, and when it was first seen in that state, by the clock of who sees it. */
export interface Observed {
  readonly spec: LeaseSpec
  readonly sinceMs: number
}

export function leaseSpec(lease: KubernetesObject | undefined): LeaseSpec {
  return (lease?.['spec'] ?? {}) as LeaseSpec
}

/** The time counts from the last change of holder or renewal; other edits of the object are none. */
export function observe(before: Observed | undefined, spec: LeaseSpec, nowMs: number): Observed {
  const same =
    before !== undefined &&
    before.spec.holderIdentity === spec.holderIdentity &&
    before.spec.renewTime === spec.renewTime
  return { spec, sinceMs: same ? before.sinceMs : nowMs }
}

/** Nobody holds it, or it is ours, or its holder has been silent for the time that it has promised. */
export function mayTake(
  observed: Observed | undefined,
  identity: string,
  nowMs: number,
  ownLeaseMs: number,
): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 0 } = observed?.spec ?? {}
  if (holderIdentity === '' || holderIdentity === identity) return true
  // The holder may have been given longer times than we; shorter ones are not trusted.
  const leaseMs = Math.max(ownLeaseMs, leaseDurationSeconds * 1000)
  return nowMs >= observed!.sinceMs + leaseMs
}

/** The spec with which `identity` takes or renews it. Fields that are not ours stay. */
export function taken(
  spec: LeaseSpec | undefined,
  identity: string,
  nowMs: number,
  leaseMs: number,
): LeaseSpec {
  const renewed = spec?.holderIdentity === identity
  const now = microTime(nowMs)
  const transitions = spec?.leaseTransitions ?? 0
  return {
    ...spec,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseMs / 1000),
    acquireTime: renewed ? (spec.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: renewed || spec?.acquireTime === undefined ? transitions : transitions + 1,
  }
}

export function released(spec: LeaseSpec, nowMs: number): LeaseSpec {
  const now = microTime(nowMs)
  return { ...spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now }
}

/** MicroTime of meta.k8s.io: six digits behind the second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
