import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { requiredOf } from '../kubernetes/selection.ts'
import type { AdmissionRequest } from './admission-review.ts'
import { type Decision, type Knowledge, passedBy } from './decision.ts'
import { askedOf, isPod, namespaceOf } from './mutation.ts'
import { warningsOf } from './warnings.ts'

export interface ValidationKnowledge extends Knowledge {
  /** What there is to tell of a workload or pod, whoever made it. */
  readonly lint: (document: JsonObject, namespace: string) => readonly Finding[]
  /** The entries that are in a pod, as its containers show: the annotation alone proves nothing. */
  readonly present: (pod: JsonObject) => ReadonlySet<string>
}

/**
 * What there is to say of a workload or pod as it is about to be stored. Only one thing is refused: a pod that asked
 * for a required sidecar and does not have it, whatever became of it on the way here.
 */
export function decideValidation(request: AdmissionRequest, knowledge: ValidationKnowledge): Decision {
  const { object, operation } = request
  if (object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE'))
    return passedBy('not_a_change')
  const place = namespaceOf(request)
  const lacking =
    isPod(request) && operation === 'CREATE'
      ? missingRequired(object, knowledge.namespace(place), knowledge)
      : []
  const warnings = isOwned(object) ? [] : warningsOf(knowledge.lint(object, place))
  if (lacking.length > 0) {
    const message = `outrigger: the pod asks for ${lacking.join(', ')}, which it must not start without, and it was not injected: is the mutating webhook in place, and did another take the sidecar away?`
    return { outcome: 'denied', reason: 'required_missing', allowed: false, message, warnings, entries: [] }
  }
  const outcome = warnings.length > 0 ? 'warned' : 'passed'
  return { outcome, reason: '', allowed: true, warnings, entries: [] }
}

/** A pod of a ReplicaSet: whoever applied the Deployment has been told already, and nobody reads what is told here. */
function isOwned(object: JsonObject): boolean {
  const owners = at(object, ['metadata', 'ownerReferences'])
  return Array.isArray(owners) && owners.some((owner: Json) => at(owner, ['controller']) === true)
}

/** Required entries that the pod asks for and does not have. */
export function missingRequired(
  pod: JsonObject,
  namespace: { readonly annotations?: Readonly<Record<string, string>> } | undefined,
  { catalogue, present }: Pick<ValidationKnowledge, 'catalogue' | 'present'>,
): string[] {
  const annotations = at(pod, ['metadata', 'annotations'])
  const skipped = isObject(annotations) && annotations['outrigger.dev/skip'] !== undefined
  if (skipped || isStatic(annotations)) return []
  const required = requiredOf(askedOf(pod, namespace), catalogue)
  if (required.length === 0) return []
  const there = present(pod)
  return required.filter(name => !there.has(name))
}

/** The image in the API of a pod that a kubelet runs from a file: it runs already. */
function isStatic(annotations: Json | undefined): boolean {
  return (
    isObject(annotations) &&
    ['kubernetes.io/config.mirror', 'kubernetes.io/config.source'].some(key => {
      const value = annotations[key]
      return value !== undefined && value !== 'api'
    })
  )
}
