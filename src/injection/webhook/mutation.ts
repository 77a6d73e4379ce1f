import { at, type JsonObject } from '../../manifests/json.ts'
import { requiredOf } from '../kubernetes/selection.ts'
import type { AdmissionRequest } from './admission-review.ts'
import { type Decision, type Knowledge, passedBy } from './decision.ts'
import { warningsOf } from './warnings.ts'

/** A pod that cannot be refused, or must not: it runs already, or it was told to go without. */
const NEVER_DENIED = new Set(['skip_annotation', 'mirror_pod', 'static_pod'])

export const INJECT_ANNOTATION = 'outrigger.dev/inject'

/**
 * What a new pod gets. It is denied only when it asks for a sidecar that is required and cannot have it, or with
 * `onFailure: deny` when it cannot have any that it asks for.
 */
export function decideMutation(request: AdmissionRequest, knowledge: Knowledge): Decision {
  const { object } = request
  if (!isPod(request) || object === undefined) return passedBy('not_a_pod')
  if (request.operation !== 'CREATE') return passedBy('not_a_creation')
  const namespace = knowledge.namespace(namespaceOf(request))
  const context = { ...knowledge.context, ...(namespace !== undefined && { namespace }) }
  const { patch, findings, status } = knowledge.inject(object, knowledge.catalogue, context)
  const warnings = warningsOf(findings)
  const [injected] = status
  if (injected === undefined) return { ...passedBy('invalid_pod'), warnings }
  const { outcome, reason = '' } = injected
  const entries = (injected.status?.entries ?? []).map(({ name, version }) => `${name}@${version}`)
  if (outcome === 'injected') return { outcome, reason, allowed: true, patch, warnings, entries }
  if (outcome === 'unchanged') return { outcome, reason, allowed: true, warnings, entries }
  const required = NEVER_DENIED.has(reason) ? [] : requiredOf(askedOf(object, namespace), knowledge.catalogue)
  if (required.length === 0 && (outcome === 'skipped' || knowledge.onFailure === 'allow'))
    return { outcome, reason, allowed: true, warnings, entries }
  const why = findings.find(({ code }) => code === reason)
  const what =
    required.length > 0 ? `it must not start without ${required.join(', ')}` : 'it asks for sidecars'
  const message = `outrigger: ${what}, and cannot have it: ${why?.message ?? reason}${why?.hint === undefined ? '' : `; ${why.hint}`}`
  return { outcome: 'denied', reason, allowed: false, message, warnings, entries }
}

export function isPod({ kind, subResource }: AdmissionRequest): boolean {
  return kind.kind === 'Pod' && kind.group === '' && subResource === ''
}

/** Pods that a ReplicaSet makes name no namespace themselves. */
export function namespaceOf({ namespace, object }: AdmissionRequest): string {
  const own = at(object, ['metadata', 'namespace'])
  return namespace !== '' ? namespace : typeof own === 'string' ? own : ''
}

/** What the pod asks for, or else its namespace for all pods in it. */
export function askedOf(
  pod: JsonObject,
  namespace: { readonly annotations?: Readonly<Record<string, string>> } | undefined,
): string | undefined {
  const own = at(pod, ['metadata', 'annotations', INJECT_ANNOTATION])
  return typeof own === 'string' ? own : namespace?.annotations?.[INJECT_ANNOTATION]
}
