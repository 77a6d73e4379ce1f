import { at, isObject, type JsonObject } from '../../manifests/json.ts'
import { type Amounts, isGuaranteed, podRequests, qosClass } from '../../manifests/pod-resources.ts'
import type { Workload } from '../../manifests/workload.ts'
import { ownerOf } from './facts.ts'
import type { InjectionContext } from './injection.ts'
import type { PlacedContainer, Plan } from './plan.ts'
import { listOf, quote } from './pod.ts'
import { enforcedLevel, podSecurityGaps } from './pod-security.ts'
import type { Tell } from './refusal.ts'

/** What of an injection somebody may not expect: `before` and `after` are the pod template without and with it. */
export interface Change {
  readonly before: JsonObject
  readonly after: JsonObject
  readonly plans: readonly Plan[]
  readonly workload: Workload
  readonly context: InjectionContext
}

/** Tells what the injection changes besides what it is for: cost, class, completion, admission. */
export function tellSurprises(change: Change, tell: Tell): void {
  tellClass(change, tell)
  tellEnvelope(change, tell)
  tellPeak(change, tell)
  tellCompletion(change, tell)
  tellAdmission(change, tell)
  tellHost(change, tell)
}

function added(plan: Plan): readonly PlacedContainer[] {
  return [...plan.initContainers, ...plan.containers]
}

function tellClass({ before, after, plans }: Change, tell: Tell): void {
  if (!isGuaranteed(before) || isGuaranteed(after)) return
  const names = plans.flatMap(({ entry }) => (hasLimits(entry.parameters) ? [entry.name] : []))
  tell(
    'warning',
    'qos-demoted',
    ['spec', 'containers'],
    `the pod was of class Guaranteed and becomes ${qosClass(after)}: it may be evicted, and loses its processors of its own`,
    names.length === 0
      ? 'the sidecar has no parameters for its resources: use an entry whose requests are its limits'
      : `make requests and limits equal: outrigger.dev/${names[0]}.resources.cpu and resources.cpuLimit, and the same for memory`,
  )
}

function hasLimits(parameters: object): boolean {
  return Object.hasOwn(parameters, 'resources.cpu') && Object.hasOwn(parameters, 'resources.cpuLimit')
}

/** Resources of the pod as a whole are shared by all containers: a sidecar takes of them what the application had. */
function tellEnvelope({ before, plans }: Change, tell: Tell): void {
  const whole = at(before, ['spec', 'resources'])
  if (!isObject(whole) || Object.keys(whole).length === 0) return
  const parts = plans.flatMap(plan =>
    [
      ...plan.initContainers.filter(({ container }) => container['restartPolicy'] === 'Always'),
      ...plan.containers,
    ].map(({ container }) => {
      const requests = at(container, ['resources', 'requests'])
      const listed = isObject(requests)
        ? Object.entries(requests).map(([name, value]) => `${name} ${String(value)}`)
        : []
      return `${container.name}: ${listed.join(', ') || 'nothing stated'}`
    }),
  )
  tell(
    'warning',
    'pod-level-resources',
    ['spec', 'resources'],
    'the pod has resources as a whole, which the sidecar takes its part of',
    `let spec.resources grow by what it asks for (${parts.join('; ')})`,
  )
}

/** A sidecar that starts before ordinary init containers is counted with each of them. */
function tellPeak({ before, after, plans }: Change, tell: Tell): void {
  const natives = plans
    .flatMap(plan => plan.initContainers)
    .filter(({ container, place }) => place === 'first' && container['restartPolicy'] === 'Always')
  const plain = listOf(at(before, ['spec', 'initContainers'])).some(
    each => each['restartPolicy'] !== 'Always',
  )
  if (natives.length === 0 || !plain) return
  const names = new Set(natives.map(({ container }) => container.name))
  const list = listOf(at(after, ['spec', 'initContainers']))
  const behind = [
    ...list.filter(({ name }) => !names.has(String(name))),
    ...list.filter(({ name }) => names.has(String(name))),
  ]
  const spec = { ...(after['spec'] as JsonObject), initContainers: behind }
  const more = difference(podRequests(after), podRequests({ ...after, spec }))
  if (more.length === 0) return
  tell(
    'info',
    'init-peak',
    ['spec', 'initContainers'],
    `${[...names].join(', ')} starts before the init containers, so that the pod asks for more at their peak (${more.join(', ')})`,
    'if no init container needs it: outrigger.dev/place: last',
  )
}

function difference(a: Amounts, b: Amounts): string[] {
  return Object.entries(a).flatMap(([name, value]) => {
    const more = value - (b[name] ?? 0)
    if (more <= 0) return []
    if (name === 'cpu') return [`cpu ${Math.round(more * 1000)}m`]
    return [`${name} ${name === 'memory' ? `${Math.round(more / 2 ** 20)}Mi` : more}`]
  })
}

/** A container that stays keeps a pod from completing; only a native sidecar does not. */
function tellCompletion({ before, plans, workload }: Change, tell: Tell): void {
  const { kind } = ownerOf(before, workload)
  if (!['Job', 'CronJob'].includes(kind)) return
  for (const plan of plans)
    for (const { container } of plan.containers)
      tell(
        'error',
        'job-never-completes',
        ['spec', 'containers'],
        `the ${kind} does not complete while ${container.name} runs, which is no native sidecar here`,
        plan.entry.name === 'outrigger'
          ? 'end the sidecar from the application when it is done: POST http://127.0.0.1:4600/quitquitquit; or use Kubernetes 1.29 or later'
          : `end ${container.name} from the application when it is done, or use Kubernetes 1.29 or later`,
      )
}

/** What the namespace's admission would say of the pod because of what is added. */
function tellAdmission({ after, plans, context }: Change, tell: Tell): void {
  const level = enforcedLevel(context.namespace?.labels)
  for (const plan of plans)
    for (const { container } of added(plan)) {
      const gaps = podSecurityGaps(container, at(after, ['spec', 'securityContext']), level)
      if (gaps.length > 0)
        tell(
          'error',
          'pod-security',
          [],
          `the namespace enforces Pod Security ${quote(level)}, and ${container.name} does not keep to it: ${gaps.join(', ')}`,
        )
      const missing = (['requests', 'limits'] as const).flatMap(kind =>
        (['cpu', 'memory'] as const)
          .filter(name => at(container, ['resources', kind, name]) === undefined)
          .map(name => `${kind}.${name}`),
      )
      if (missing.length > 0)
        tell(
          'warning',
          'no-resources',
          [],
          `${container.name} has no ${missing.join(', ')}: a quota refuses the pod, and an HPA on ${missing.some(each => each.endsWith('cpu')) ? 'cpu' : 'memory'} stops`,
        )
    }
}

function tellHost({ before, plans }: Change, tell: Tell): void {
  if (at(before, ['spec', 'hostNetwork']) !== true) return
  for (const plan of plans)
    for (const { container } of added(plan)) {
      const ports = listOf(container['ports']).map(({ containerPort }) => String(containerPort))
      if (ports.length > 0)
        tell(
          'warning',
          'host-network-ports',
          ['spec', 'hostNetwork'],
          `${container.name} takes ports of the node: ${ports.join(', ')}; a second such pod on a node cannot start`,
        )
    }
}
