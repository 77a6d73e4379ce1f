import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'

/** What an API server asks (AdmissionRequest of admission.k8s.io/v1), as far as it is looked at. */
export interface AdmissionRequest {
  readonly uid: string
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** CREATE, UPDATE, DELETE, CONNECT. */
  readonly operation: string
  /** '' for what is in no namespace. */
  readonly namespace: string
  /** '' where the API server is still to make it from generateName. */
  readonly name: string
  /** '' for the resource itself. */
  readonly subResource: string
  readonly dryRun: boolean
  /** Who asks the API server. */
  readonly user: string
  /** undefined in a DELETE. */
  readonly object: JsonObject | undefined
}

/** What is answered (AdmissionResponse). */
export interface AdmissionAnswer {
  readonly uid: string
  readonly allowed: boolean
  readonly patch?: readonly PatchOperation[]
  readonly status?: { readonly code: number; readonly message: string }
  readonly warnings?: readonly string[]
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

export type ReviewReading =
  | { readonly ok: true; readonly request: AdmissionRequest }
  /** `uid` where it could be made out, so that an answer can name it. */
  | { readonly ok: false; readonly message: string; readonly uid?: string }

export const REVIEW_VERSION = 'admission.k8s.io/v1'
const MAX_UID_LENGTH = 128
const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT']

/** Reads the body of a review. Never throws; a message says what was expected and what came. */
export function readReview(body: Uint8Array): ReviewReading {
  let review: Json
  try {
    review = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    return { ok: false, message: `the body is no JSON: ${(error as Error).message.slice(0, 200)}` }
  }
  if (!isObject(review)) return { ok: false, message: 'expected an AdmissionReview, got no object' }
  const uid = at(review, ['request', 'uid'])
  const isUid = typeof uid === 'string' && uid !== '' && uid.length <= MAX_UID_LENGTH
  const wrong = (message: string): ReviewReading => ({ ok: false, message, ...(isUid && { uid }) })
  const { apiVersion, kind, request } = review
  if (kind !== 'AdmissionReview') return wrong(`expected kind AdmissionReview, got ${shown(kind)}`)
  if (apiVersion !== REVIEW_VERSION)
    return wrong(`expected apiVersion ${REVIEW_VERSION}, got ${shown(apiVersion)}`)
  if (!isObject(request)) return wrong('the review has no request')
  if (!isUid) return wrong(`expected a text as request.uid, got ${shown(uid)}`)
  const operation = request['operation']
  if (typeof operation !== 'string' || !OPERATIONS.includes(operation))
    return wrong(`expected request.operation to be one of ${OPERATIONS.join(', ')}, got ${shown(operation)}`)
  const of = request['kind']
  if (!isObject(of) || typeof of['kind'] !== 'string' || typeof of['version'] !== 'string')
    return wrong('expected group, version and kind in request.kind')
  const object = request['object']
  if (object !== undefined && object !== null && !isObject(object))
    return wrong(`expected an object as request.object, got ${shown(object)}`)
  if (operation !== 'DELETE' && operation !== 'CONNECT' && !isObject(object))
    return wrong('request.object is missing')
  return {
    ok: true,
    request: {
      uid,
      operation,
      kind: { group: text(of['group']), version: of['version'], kind: of['kind'] },
      namespace: text(request['namespace']),
      name: text(request['name']),
      subResource: text(request['subResource']),
      dryRun: request['dryRun'] === true,
      user: text(at(request, ['userInfo', 'username'])),
      object: isObject(object) ? object : undefined,
    },
  }
}

/** The whole AdmissionReview as an API server expects it: a patch in base64, with its type. */
export function writeReview({ patch, warnings, auditAnnotations, ...answer }: AdmissionAnswer): string {
  return JSON.stringify({
    apiVersion: REVIEW_VERSION,
    kind: 'AdmissionReview',
    response: {
      ...answer,
      ...(patch !== undefined &&
        patch.length > 0 && {
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
        }),
      ...(warnings !== undefined && warnings.length > 0 && { warnings }),
      ...(auditAnnotations !== undefined && { auditAnnotations }),
    },
  })
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing').slice(0, 80)
}
