import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import { equal } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'
import { inject } from '../kubernetes/inject.ts'
import { celOf, celText } from './cel.ts'
import { LABELS } from './options.ts'

export interface PolicyOptions {
  /** v1 from Kubernetes 1.36 on; v1beta1 in 1.34 and 1.35, where it has to be switched on. */
  readonly version: 'v1' | 'v1beta1'
  /** Namespaces that are left alone. */
  readonly spared: readonly string[]
}

export type PolicyResult =
  | { readonly ok: true; readonly objects: readonly JsonObject[] }
  /** Why only the webhook can inject it. */
  | { readonly ok: false; readonly reason: string }

const STATUS = 'outrigger.dev/status'
const ANNOTATIONS = 'object.metadata.annotations'

/**
 * An entry as a MutatingAdmissionPolicy with its binding: an API server injects it by itself, with no webhook at all.
 * Only for entries that add the same to every pod; what they add is taken from the injector itself, by two pods that
 * differ in all that an entry may ask about. A pod that asks for more than this one entry is left to the webhook.
 */
export function policyObjects(name: string, catalogue: Catalogue, options: PolicyOptions): PolicyResult {
  const found = catalogue.find(name)
  if (!found.ok) return { ok: false, reason: found.message }
  const [one, other] = [probe(name, 'one', 8080), probe(name, 'other', 9090)].map(pod =>
    inject(pod, catalogue, {}),
  ) as [ReturnType<typeof inject>, ReturnType<typeof inject>]
  const [{ outcome = 'failed', reason = '' } = {}] = one.status
  if (outcome !== 'injected') {
    const why = one.findings.find(({ code }) => code === reason)
    return { ok: false, reason: why?.message ?? reason }
  }
  const strange = one.patch.find(({ path }) => placeOf(path) === undefined)
  if (strange !== undefined)
    return { ok: false, reason: `it changes ${strange.path} of the pod, which depends on the pod` }
  if (!equal(withoutApplication(one.patch), withoutApplication(other.patch)))
    return { ok: false, reason: 'what it adds depends on the pod: its ports, names or namespace' }
  return { ok: true, objects: objectsOf(name, found.entry, one.patch, options) }
}

/** A pod that has a list of each kind already, so that what is added stands by itself. */
function probe(ask: string, name: string, port: number): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${name}`, namespace: `ns-${name}`, annotations: { 'outrigger.dev/inject': ask } },
    spec: {
      initContainers: [{ name: `setup-${name}`, image: 'setup:1' }],
      containers: [{ name: `app-${name}`, image: 'app:1', ports: [{ containerPort: port }] }],
      volumes: [{ name: `own-${name}`, emptyDir: {} }],
    },
  }
}

type Place = 'initContainers' | 'volumes' | 'annotations'

function placeOf(path: string): Place | undefined {
  const [, part, list, ...rest] = path.split('/')
  if (rest.length !== 1) return undefined
  if (part === 'metadata' && list === 'annotations') return 'annotations'
  return part === 'spec' && (list === 'initContainers' || list === 'volumes') ? list : undefined
}

function added(operation: PatchOperation): Json {
  return ('value' in operation ? operation.value : null) as Json
}

/** The status names the application's container, which the policy does, too. */
function withoutApplication(patch: readonly PatchOperation[]): unknown {
  return patch.map(operation =>
    operation.path.endsWith('~1status')
      ? { ...JSON.parse(String(added(operation))), application: '' }
      : operation,
  )
}

function objectsOf(
  name: string,
  entry: Entry,
  patch: readonly PatchOperation[],
  { version, spared }: PolicyOptions,
): JsonObject[] {
  const of = (place: Place) => patch.filter(({ path }) => placeOf(path) === place)
  const containers = of('initContainers')
  const mutations = [
    listMutation('initContainers', containers),
    listMutation('volumes', of('volumes')),
    annotationMutation(of('annotations')),
  ].filter(expression => expression !== undefined)
  const policy = `${name.replaceAll(/[^a-z0-9.-]/g, '-')}.sidecars.outrigger.dev`
  const apiVersion = `admissionregistration.k8s.io/${version}`
  const metadata = { name: policy, labels: LABELS, annotations: { 'outrigger.dev/entry': entry.hash } }
  const names = containers.map(operation => String(at(added(operation), ['name'])))
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: entry.required ? 'Fail' : 'Ignore',
        reinvocationPolicy: 'IfNeeded',
        matchConstraints: {
          namespaceSelector: {
            matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: spared }],
          },
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          ],
        },
        matchConditions: conditions(name, entry, names),
        mutations: mutations.map(expression => ({ patchType: 'JSONPatch', jsonPatch: { expression } })),
      },
    },
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: policy, labels: LABELS },
      spec: { policyName: policy },
    },
  ]
}

function conditions(
  name: string,
  { name: entry, aliases, version }: Entry,
  containers: readonly string[],
): JsonObject[] {
  const quoted = (text: string) => text.replaceAll('.', '\\.')
  const [major = '', minor = '', patch = ''] = version.split('.').map(quoted)
  const asking = `^\\s*${quoted(name)}(@${major}(\\.${minor}(\\.${patch})?)?)?\\s*$`
  const prefixes = [entry, ...Object.keys(aliases)].map(each => `key.startsWith('outrigger.dev/${each}.')`)
  const names = `[${containers.map(celText).join(', ')}]`
  const has = (list: string) =>
    `!(has(object.spec.${list}) && object.spec.${list}.exists(each, each.name in ${names}))`
  return [
    {
      name: 'asks-for-this-alone',
      expression: `has(${ANNOTATIONS}) && 'outrigger.dev/inject' in ${ANNOTATIONS} && ${ANNOTATIONS}['outrigger.dev/inject'].matches(r'${asking}')`,
    },
    {
      name: 'sets-nothing',
      expression: `!${ANNOTATIONS}.exists(key, key == '${STATUS}' || key == 'outrigger.dev/skip' || ${prefixes.join(' || ')})`,
    },
    { name: 'has-it-not', expression: `${has('initContainers')} && ${has('containers')}` },
    {
      name: 'has-a-network-of-its-own',
      expression: '!(has(object.spec.hostNetwork) && object.spec.hostNetwork)',
    },
  ]
}

/** Items at the beginning or the end, as the injector places them; the whole list where there is none. */
function listMutation(
  list: 'initContainers' | 'volumes',
  patch: readonly PatchOperation[],
): string | undefined {
  if (patch.length === 0) return undefined
  const values = patch.map(operation => celOf(added(operation)))
  const each = patch.map(({ path }, index) => {
    const at = path.endsWith('/-') || Number(path.split('/').at(-1)) > index ? '-' : String(index)
    return `JSONPatch{op: "add", path: "/spec/${list}/${at}", value: ${values[index]}}`
  })
  return `has(object.spec.${list}) ? [${each.join(', ')}] : [JSONPatch{op: "add", path: "/spec/${list}", value: [${values.join(', ')}]}]`
}

function annotationMutation(patch: readonly PatchOperation[]): string | undefined {
  if (patch.length === 0) return undefined
  const each = patch.map(operation => {
    const value = String(added(operation))
    const text = operation.path.endsWith('~1status') ? statusText(value) : celText(value)
    return `JSONPatch{op: "add", path: ${celText(operation.path)}, value: ${text}}`
  })
  return `[${each.join(', ')}]`
}

/** The status with the name of the first container in it. */
function statusText(status: string): string {
  const mark = '\u0001'
  const [before = '', after = ''] = JSON.stringify({ ...JSON.parse(status), application: mark }).split(
    JSON.stringify(mark).slice(1, -1),
  )
  return `${celText(before)} + object.spec.containers[0].name + ${celText(after)}`
}
