import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import type { ComposeInjected } from '../../injection/compose/injection.ts'
import type { Added, Injected, InjectedEntry, Reason } from '../../injection/kubernetes/injection.ts'
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
  no_compose_form: 'a sidecar has no form for Compose',
  network_not_movable: 'the network of the service cannot be shared',
  annotations_too_large: 'its annotations would be larger than Kubernetes allows',
}

/** `Deployment shop/web`. */
export function subjectOf({ kind, name, namespace }: Injected['workload']): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name === '' ? '(without a name)' : name}`
}

/** What came of a pod template. */
export function resultOf({ workload, outcome, reason, status }: Injected, catalogue: Catalogue): Result {
  const entries = status?.entries ?? []
  const names = entries.map(({ name, version }) => `${name} ${version}`).join(', ')
  const why = reason === undefined ? '' : REASONS[reason]
  return {
    subject: subjectOf(workload),
    outcome,
    detail: outcome === 'injected' ? names : outcome === 'unchanged' && names !== '' ? `has ${names}` : why,
    isQuiet: outcome === 'unchanged' && reason === 'not_asked',
    reasons: [
      ...(outcome === 'unchanged' && names !== '' ? [why] : []),
      ...(outcome === 'injected' || outcome === 'unchanged'
        ? entries.flatMap(entry => entryWords(entry, catalogue))
        : []),
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

function entryWords({ name, version, added }: InjectedEntry, catalogue: Catalogue): string[] {
  const found = catalogue.find(name, version)
  return [
    `${name} ${version}${found.ok ? `: ${found.entry.purpose}` : ''}`,
    ...addedWords(added).map(words => `  ${words}`),
  ]
}

/** Everything that was added, with what it is good for. */
function addedWords(added: Added): string[] {
  const all = (names: readonly string[] | undefined, what: string, why: string) =>
    (names ?? []).map(name => `${what} ${name}: ${why}`)
  const byContainer = (
    names: Readonly<Record<string, readonly string[]>> | undefined,
    what: string,
    why: string,
  ) => Object.entries(names ?? {}).flatMap(([container, items]) => all(items, what, `${why} ${container}`))
  return [
    ...all(
      Object.keys(added.initContainers ?? {}),
      'init container',
      'a native sidecar starts before the application and ends after it; any other ends before the application starts',
    ),
    ...all(Object.keys(added.containers ?? {}), 'container', 'runs beside the application'),
    ...all(added.volumes, 'volume', 'what the sidecar keeps, reads or shares'),
    ...byContainer(added.volumeMounts, 'mount', 'the application and the sidecar meet there, in'),
    ...byContainer(added.env, 'variable', 'tells the sidecar to'),
    ...all(added.annotations, 'annotation', 'what a generated file says, or what the injector notes'),
    ...all(added.labels, 'label', 'how others find the pod'),
    ...all(added.imagePullSecrets, 'pull secret', 'for the image of the sidecar'),
    ...all(added.securityContext, 'security setting', 'so that the containers may use the shared folders'),
  ]
}
