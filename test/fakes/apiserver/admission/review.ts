import { randomUUID } from 'node:crypto'
import type { User } from '../access.ts'
import { apiVersionOf, type Kind } from '../kinds.ts'
import { isTree, type Tree } from '../tree.ts'

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/** What goes through admission. */
export interface Admission {
  readonly operation: Operation
  readonly kind: Kind
  readonly namespace: string
  readonly name: string
  readonly subresource: string
  readonly object: Tree | undefined
  readonly oldObject: Tree | undefined
  readonly dryRun: boolean
  readonly user: User
}

/** `request` of an AdmissionReview of admission.k8s.io/v1. */
export function reviewRequest(admission: Admission): Tree {
  const { operation, kind, namespace, name, subresource, object, oldObject, dryRun, user } = admission
  const { group, version } = kind
  const gvk = { group, version, kind: kind.kind }
  const gvr = { group, version, resource: kind.resource }
  const typed = (value: Tree | undefined) =>
    value === undefined ? null : { apiVersion: apiVersionOf(kind), kind: kind.kind, ...value }
  return {
    uid: randomUUID(),
    kind: gvk,
    resource: gvr,
    ...(subresource && { subResource: subresource, requestSubResource: subresource }),
    requestKind: gvk,
    requestResource: gvr,
    // What is made from a generateName has no name yet.
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: { username: user.username, uid: user.uid ?? '', groups: user.groups },
    object: typed(object),
    oldObject: typed(oldObject),
    dryRun,
    options: {
      apiVersion: 'meta.k8s.io/v1',
      kind: `${operation[0]}${operation.slice(1).toLowerCase()}Options`,
    },
  }
}

/** What a webhook has decided. */
export interface Verdict {
  readonly allowed: boolean
  readonly status: Tree | undefined
  readonly patch: readonly Tree[] | undefined
  readonly warnings: readonly string[]
  readonly auditAnnotations: Readonly<Record<string, string>>
}

/** The webhook did not answer as it has to. */
export class BadAnswer extends Error {}

const RESPONSE_FIELDS = new Set([
  'uid',
  'allowed',
  'status',
  'patch',
  'patchType',
  'auditAnnotations',
  'warnings',
])

/** Reads an answer as strictly as admission.k8s.io/v1 asks. Throws BadAnswer. */
export function verdictOf(text: string, uid: string, mutating: boolean): Verdict {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new BadAnswer('received invalid webhook response: the body is no JSON')
  }
  const review = isTree(answer) ? answer : {}
  const expect = (holds: boolean, message: string) => {
    if (!holds) throw new BadAnswer(`received invalid webhook response: ${message}`)
  }
  expect(
    review['apiVersion'] === 'admission.k8s.io/v1' && review['kind'] === 'AdmissionReview',
    `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${review['apiVersion']}, Kind=${review['kind']}`,
  )
  const { response } = review
  expect(isTree(response), 'webhook response was absent')
  const unknown = Object.keys(response).filter(key => !RESPONSE_FIELDS.has(key))
  expect(unknown.length === 0, `unknown field ${unknown.map(key => `response.${key}`).join(', ')}`)
  expect(response.uid === uid, `expected response.uid=${uid}, got ${response.uid}`)
  expect(typeof response.allowed === 'boolean', 'response.allowed must be a boolean')
  expect(response.status === undefined || isTree(response.status), 'response.status must be an object')
  const { patch, patchType, warnings = [], auditAnnotations = {} } = response
  expect(
    (patch === undefined) === (patchType === undefined),
    'response.patch and response.patchType go together',
  )
  if (patchType !== undefined) {
    expect(mutating, 'a validating webhook may not return a patch')
    expect(patchType === 'JSONPatch', `expected response.patchType to be JSONPatch, got ${patchType}`)
  }
  expect(isStrings(warnings), 'response.warnings must be a list of strings')
  expect(
    isTree(auditAnnotations) && isStrings(Object.values(auditAnnotations)),
    'response.auditAnnotations must map to strings',
  )
  return {
    allowed: response.allowed,
    status: response.status,
    patch: patch === undefined ? undefined : operationsOf(patch, expect),
    warnings,
    auditAnnotations,
  }
}

function operationsOf(patch: unknown, expect: (holds: boolean, message: string) => void): Tree[] {
  expect(typeof patch === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(patch), 'response.patch must be base64')
  let operations: unknown
  try {
    operations = JSON.parse(Buffer.from(patch as string, 'base64').toString('utf8'))
  } catch {
    expect(false, 'response.patch is no JSON')
  }
  expect(Array.isArray(operations) && operations.every(isTree), 'response.patch must be a list of operations')
  return operations as Tree[]
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}
