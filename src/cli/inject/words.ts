import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import type { ComposeInjected } from '../../injection/compose/injection.ts'
import type { Added, Injected, InjectedEntry, Reason } from '../../injection/kubernetes/injection.ts'
import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Result } from './report.ts'

/** Why a pod is as it is, for people; findings say more where something is wrong. */
const REASONS: Readonly<Record<Reason, string>> = {
  not_asked: 'nobody asks for sidecars: no annotation outrigger.dev/inject, no --inject',
  already_injected: 'it has everything that it asks for',
  skip_annotation: 'its annotation outrigger.dev/skip wants none',
  mirror_pod: 'it is the mirror of a static pod, which only its node can change',
  static_pod: 'it is a static pod, which knows no ConfigMaps or service accounts',
  windows_pod: 'it runs on Windows, and the sidecars do not',
  host_network: 'it uses the network of its node, where ports would collide',
  container_exists: 'it has a container of that name already',
  extended_service: 'other services extend it, and would get what it gets',
  invalid_pod: 'it is no valid pod',
  pod_too_large: 'it has more containers than are looked at',
  invalid_annotation: 'an annotation cannot be understood',
  unknown_entry: 'it asks for a sidecar that is not in the catalogue',
  invalid_parameter: 'a parameter has a wrong value',
  missing_requirement: 'a sidecar needs another one beside it',
  conflict: 'two things in the pod exclude each other',
  kubernetes_version: 'a sidecar is not for this version of Kubernetes',
  native_unsupported: 'the cluster has no native sidecars, and the sidecar needs them',
  port_collision: 'two containers would listen on one port',
  shared_folder: 'the folder of the application cannot be shared',
  service_account_token: 'the sidecar needs a token that the pod does not give',
  unreadable_status: 'its annotation outrigger.dev/status cannot be read',
  tagged_value: 'a tag of Compose (!reset, !override) is in the way',
  no_compose_form: 'a sidecar has no form for Compose',
  network_not_movable: 'the network of the service cannot be shared',
  annotations_too_large: 'its annotations would be larger than Kubernetes allows',
}

/** `Deployment shop/web`. */
export function subjectOf({ kind, name, namespace }: Injected['workload']): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name === '' ? '(without a name)' : name}`
}

/** What came of a pod template; `patch` is what was added to its document. */
export function resultOf(
  { workload, outcome, reason, status }: Injected,
  patch: readonly PatchOperation[],
  catalogue: Catalogue,
): Result {
  const entries = status?.entries ?? []
  const names = entries.map(({ name, version }) => `${name} ${version}`).join(', ')
  const why = reason === undefined ? '' : REASONS[reason]
  const has = outcome === 'injected' || outcome === 'unchanged'
  return {
    subject: subjectOf(workload),
    outcome,
    detail: outcome === 'injected' ? names : outcome === 'unchanged' && names !== '' ? `has ${names}` : why,
    isQuiet: outcome === 'unchanged' && reason === 'not_asked',
    reasons: [
      ...(outcome === 'unchanged' && names !== '' ? [why] : []),
      ...(has ? entries.flatMap(entry => entryWords(entry, patch, catalogue)) : []),
    ],
  }
}

/** What came of a service of Compose. */
export function serviceResultOf({ workload, outcome, reason, entries = [] }: ComposeInjected): Result {
  const names = entries.map(({ name, version }) => `${name} ${version}`).join(', ')
  const why = reason === undefined ? '' : REASONS[reason]
  return {
    subject: `service ${workload.name}`,
    outcome,
    detail: outcome === 'injected' ? names : outcome === 'unchanged' && names !== '' ? `has ${names}` : why,
    isQuiet: outcome === 'unchanged' && reason === 'not_asked',
    reasons:
      outcome === 'injected' || outcome === 'unchanged'
        ? entries.map(
            ({ name, service }) => `service ${service}: the sidecar of ${name}, beside ${workload.name}`,
          )
        : [],
  }
}

function entryWords(
  { name, version, added }: InjectedEntry,
  patch: readonly PatchOperation[],
  catalogue: Catalogue,
): string[] {
  const found = catalogue.find(name, version)
  return [
    `${name} ${version}${found.ok ? `: ${found.entry.purpose}` : ''}`,
    ...addedWords(added, namedIn(patch)).map(words => `  ${words}`),
  ]
}

/** What a patch brings that has a name: containers, volumes. */
function namedIn(patch: readonly PatchOperation[]): ReadonlyMap<string, JsonObject> {
  const values = patch.flatMap(operation => ('value' in operation ? [operation.value as Json] : []))
  const objects = values.flatMap(value => (Array.isArray(value) ? value : [value])).filter(isObject)
  return new Map(objects.map(object => [String(object['name']), object]))
}

/** Everything that was added, with what it is good for. */
function addedWords(added: Added, named: ReadonlyMap<string, JsonObject>): string[] {
  const all = (names: readonly string[] | undefined, what: string, why: (name: string) => string) =>
    (names ?? []).map(name => `${what} ${name}: ${why(name)}`)
  const each = (
    names: Readonly<Record<string, readonly string[]>> | undefined,
    what: string,
    why: (container: string) => string,
  ) => Object.entries(names ?? {}).flatMap(([container, items]) => all(items, what, () => why(container)))
  return [
    ...all(Object.keys(added.initContainers ?? {}), 'init container', name => initWords(named.get(name))),
    ...all(
      Object.keys(added.containers ?? {}),
      'container',
      name => `runs beside the application${resourceWords(named.get(name))}`,
    ),
    ...all(added.volumes, 'volume', name => volumeWords(named.get(name))),
    ...each(added.volumeMounts, 'mount', container => `${container} meets the sidecar there`),
    ...each(added.env, 'variable', container => `leads ${container} to the sidecar`),
    ...all(added.annotations, 'annotation', name =>
      name.startsWith('outrigger.dev/file.')
        ? 'a generated file; when it is changed, running pods see it'
        : 'how others find the sidecar',
    ),
    ...all(added.labels, 'label', () => 'how others find the pod'),
    ...all(added.imagePullSecrets, 'pull secret', () => 'for the image of the sidecar'),
    ...all(added.securityContext, 'security setting', () => 'so that containers may use the shared folders'),
  ]
}

function initWords(container: JsonObject | undefined): string {
  if (container === undefined) return 'starts before the application'
  const isNative = container['restartPolicy'] === 'Always'
  const when = isNative
    ? 'a native sidecar: starts before the application and ends after it'
    : 'ends before the application starts'
  return when + resourceWords(container)
}

function resourceWords(container: JsonObject | undefined): string {
  const [requests, limits] = ['requests', 'limits'].map(key => at(container, ['resources', key]))
  const list = (value: Json | undefined) =>
    isObject(value)
      ? Object.entries(value)
          .map(([name, amount]) => `${name} ${amount}`)
          .join(', ')
      : ''
  return `${list(requests) && `; asks for ${list(requests)}`}${list(limits) && `, at most ${list(limits)}`}`
}

function volumeWords(volume: JsonObject | undefined): string {
  if (isObject(volume?.['emptyDir'])) {
    const limit = volume['emptyDir']['sizeLimit']
    return `a folder that ends with the pod${typeof limit === 'string' ? `, at most ${limit}` : ''}`
  }
  if (volume?.['downwardAPI'] !== undefined) return 'brings the generated files in from the annotations'
  if (volume?.['secret'] !== undefined) return 'brings a Secret in'
  if (volume?.['projected'] !== undefined) return 'brings a token or files of the cluster in'
  return 'what the sidecar keeps, reads or shares'
}
