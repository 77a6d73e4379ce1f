import { mapIn, numberIn, textIn } from '../../../../backends/vault/answers.ts'
import type { VaultAnswer } from '../../../../backends/vault/client.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { type SecretData, SecretValue, type Timing } from '../../secret/value.ts'

const NOTHING: SecretData = new Map()

/** An answer as the value of a secret. `isVersioned`: of a KV version 2, whose data lies one level deeper. */
export function secretValueOf(answer: VaultAnswer, isVersioned: boolean, nowMs: number): SecretValue {
  const document = (mapIn(answer, 'data') as SecretData | undefined) ?? NOTHING
  const inner = isVersioned ? document.get('data') : undefined
  const warnings = answer.get('warnings')
  const requestId = textIn(answer, 'request_id')
  const auth = mapIn(answer, 'auth')
  const wrapInfo = mapIn(answer, 'wrap_info')
  const version = isVersioned ? mapIn(mapIn(answer, 'data'), 'metadata')?.get('version') : undefined
  return new SecretValue({
    data: inner instanceof Map ? (inner as SecretData) : document,
    document,
    timing: timingOf(answer, nowMs),
    ...(version !== undefined && { version: String(version) }),
    answer: {
      ...(requestId !== undefined && { requestId }),
      ...(Array.isArray(warnings) && { warnings: warnings.filter(each => typeof each === 'string') }),
      ...(auth !== undefined && { auth: auth as ReadonlyMap<string, Value> }),
      ...(wrapInfo !== undefined && { wrapInfo: wrapInfo as ReadonlyMap<string, Value> }),
    },
  })
}

/** Why KV version 2 has metadata without data, or nothing, at a path; undefined when the answer does not say. */
export function absenceIn(answer: VaultAnswer | undefined): string | undefined {
  const metadata = mapIn(mapIn(answer, 'data'), 'metadata')
  if (metadata?.get('destroyed') === true)
    return 'this version was destroyed and cannot come back; write a new one'
  const deletedAt = textIn(metadata, 'deletion_time') ?? ''
  if (deletedAt !== '') return `this version was deleted at ${deletedAt}; undelete it, or write a new one`
  const warnings = answer?.get('warnings')
  if (!Array.isArray(warnings) || !/versioned/i.test(String(warnings[0]))) return undefined
  return 'its mount is of KV version 2, whose paths have data/ behind the mount; the sidecar puts it there itself where the token may read sys/internal/ui/mounts'
}

/** Whether the owner is about to change the value at this very moment (a static role, in the last second of its time). */
export function isChanging({ timing }: SecretValue, nowMs: number): boolean {
  return timing.kind === 'rotated' && timing.atMs <= nowMs
}

/** How long the value is good, from what the engines of Vault say of theirs. */
function timingOf(answer: VaultAnswer, nowMs: number): Timing {
  const id = textIn(answer, 'lease_id') ?? ''
  const seconds = numberIn(answer, 'lease_duration') ?? 0
  const data = mapIn(answer, 'data')
  if (id !== '' && seconds > 0)
    return {
      kind: 'leased',
      lease: {
        id,
        renewable: answer.get('renewable') === true,
        grantedAtMs: nowMs,
        durationMs: seconds * 1000,
      },
    }
  const auth = mapIn(answer, 'auth')
  const authSeconds = numberIn(auth, 'lease_duration') ?? 0
  if (auth !== undefined && authSeconds > 0)
    return { kind: 'expires', fromMs: nowMs, atMs: nowMs + authSeconds * 1000 }
  const wrap = mapIn(answer, 'wrap_info')
  const wrapSeconds = numberIn(wrap, 'ttl') ?? 0
  if (wrap !== undefined && wrapSeconds > 0)
    return { kind: 'expires', fromMs: nowMs, atMs: nowMs + wrapSeconds * 1000 }
  // Database static roles: `ttl` is what is left until the next rotation.
  const ttl = numberIn(data, 'ttl')
  if (
    ttl !== undefined &&
    (data!.has('rotation_period') || data!.has('last_vault_rotation') || data!.has('rotation_schedule'))
  )
    return { kind: 'rotated', atMs: nowMs + ttl * 1000 }
  // PKI: seconds since 1970.
  const expiration = numberIn(data, 'expiration')
  if (expiration !== undefined && data!.has('certificate'))
    return { kind: 'expires', fromMs: nowMs, atMs: expiration * 1000, standsAlone: true }
  const secretIdTtl = numberIn(data, 'secret_id_ttl')
  if (secretIdTtl !== undefined && secretIdTtl > 0)
    return { kind: 'rotated', atMs: nowMs + secretIdTtl * 1000 }
  // KV version 1: who writes a `ttl` says how often readers are to look.
  if (seconds > 0 && data?.has('ttl') === true) return { kind: 'static', askAfterMs: seconds * 1000 }
  return { kind: 'static' }
}
