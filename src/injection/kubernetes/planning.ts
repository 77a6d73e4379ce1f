import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import type { Workload } from '../../manifests/workload.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import type { Entry } from '../catalogue/entry.ts'
import { resolveParameters, type Values } from '../catalogue/parameters.ts'
import { type Rendered, render } from '../catalogue/render.ts'
import { TooLarge } from '../catalogue/values.ts'
import { assemble, type Cluster } from './assemble.ts'
import { type Chosen, meetOthers } from './choose.ts'
import { factsOf } from './facts.ts'
import { fingerprint } from './fingerprint.ts'
import type { InjectedEntry, InjectionContext, InjectionStatus } from './injection.ts'
import { emptyPlan, type Plan, type Site } from './plan.ts'
import { applicationOf, isAbsent, listOf, type Pod, quote, readPod } from './pod.ts'
import { assertPortsFree } from './ports.ts'
import { fail, skip, type Tell } from './refusal.ts'
import { removalOf } from './removal.ts'
import { joinAdded } from './status.ts'
import { FIRST_WITH_NATIVE_SIDECARS, isAtLeast, isInRange, type KubernetesVersion } from './version.ts'
import type { Wish } from './wish.ts'

/** What the API server takes for all annotations of an object together. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024

/** All that decides what one pod gets. */
export interface Order {
  readonly template: JsonObject
  readonly workload: Workload
  readonly chosen: readonly Chosen[]
  readonly wish: Wish
  readonly before: InjectionStatus | undefined
  readonly context: InjectionContext
}

export interface Planned {
  readonly plans: readonly Plan[]
  /** The pod template without them. */
  readonly base: JsonObject
  /** What of the plans is in the pod already. */
  readonly owned: ReadonlySet<string>
  readonly application: string
}

/**
 * Plans on the pod as it would be without what was injected before, so that a second round comes to what the first came
 * to, whatever others have added in between. Entries that would come out differently now stay as they are, and are told.
 */
export function planPod(order: Order, tell: Tell): Planned {
  const { template, before, chosen } = order
  const kept = new Map<string, string>()
  for (const { entry } of chosen) {
    const injected = before?.entries.find(({ name }) => name === entry.name)
    if (injected === undefined || injected.hash === entry.hash || !isThere(template, injected, before!))
      continue
    kept.set(
      entry.name,
      `${entry.name} ${injected.version} is in the pod, the catalogue has ${entry.version}`,
    )
  }
  for (;;) {
    const told: Parameters<Tell>[] = []
    const planned = planOnce(order, new Set(kept.keys()), (...finding) => void told.push(finding))
    const different = planned.plans.filter(plan => isDifferent(plan, before))
    if (different.length === 0) {
      for (const finding of told) tell(...finding)
      for (const [name, message] of kept)
        tell('info', 'outdated-sidecar', [], message, `take ${name} out and inject again: outrigger uninject`)
      return planned
    }
    for (const { entry } of different)
      kept.set(entry.name, `${entry.name} was injected with other settings than the pod has now`)
  }
}

function isThere(template: JsonObject, entry: InjectedEntry, status: InjectionStatus): boolean {
  const { missing } = removalOf(template, entry.added, status, false)
  const { containers = {}, initContainers = {} } = entry.added
  return missing.length < Object.keys(containers).length + Object.keys(initContainers).length
}

function isDifferent(
  { entry, initContainers, containers }: Plan,
  before: InjectionStatus | undefined,
): boolean {
  const added = before?.entries.find(({ name }) => name === entry.name)?.added
  if (added === undefined) return false
  for (const [list, other, planned] of [
    [added.initContainers ?? {}, added.containers ?? {}, initContainers],
    [added.containers ?? {}, added.initContainers ?? {}, containers],
  ] as const)
    for (const { container } of planned) {
      if (Object.hasOwn(other, container.name)) return true
      if (!Object.hasOwn(list, container.name)) continue
      const now = fingerprint(container)
      if (now.hash !== list[container.name]!.hash || now.image !== list[container.name]!.image) return true
    }
  return false
}

function planOnce(order: Order, kept: ReadonlySet<string>, tell: Tell): Planned {
  const { template, before, chosen, wish } = order
  const mine = chosen.filter(({ entry }) => !kept.has(entry.name))
  const added = (before?.entries ?? [])
    .filter(({ name }) => mine.some(({ entry }) => entry.name === name))
    .reduce((sum, entry) => joinAdded(sum, entry.added), {})
  const removal = before === undefined ? undefined : removalOf(template, added, before, false)
  const base = removal === undefined ? template : (applyPatch(template, removal.patch) as JsonObject)
  const pod = podOf(base)
  for (const name of wish.application)
    if (!pod.containers.some(container => container.name === name))
      fail(
        'invalid_annotation',
        ['metadata', 'annotations', 'outrigger.dev/app'],
        `there is no container ${quote(name)}`,
      )
  const application = applicationOf(pod, wish.application, before?.application)
  if (pod.spec['hostNetwork'] === true && !wish.hostNetwork)
    skip(
      'host_network',
      ['spec', 'hostNetwork'],
      'the pod has the network of its node, where ports of a sidecar are ports of the node',
      'if that is meant: outrigger.dev/host-network: allow',
    )
  const plans: Plan[] = []
  for (const each of mine) {
    const plan = emptyPlan(each.entry)
    plans.push(plan)
    planEntry(each, { pod, application, plans, plan }, order, tell)
  }
  assertPortsFree(pod, plans)
  return { plans, base, owned: removal?.owned ?? new Set(), application: application[0]!.name }
}

function podOf(template: JsonObject): Pod {
  const reading = readPod(template)
  if (reading.ok) return reading.pod
  return fail(reading.tooLarge ? 'pod_too_large' : 'invalid_pod', reading.path, reading.message)
}

function planEntry(chosen: Chosen, site: Site, order: Order, tell: Tell): void {
  const { entry, set, asked } = chosen
  const { context, wish, workload, template } = order
  const cluster = clusterOf(context)
  if (entry.kubernetes !== undefined && !isInRange(cluster.version, entry.kubernetes))
    fail(
      'kubernetes_version',
      asked.path,
      `${entry.name} ${entry.version} is for Kubernetes ${entry.kubernetes}, this is ${cluster.version.major}.${cluster.version.minor}`,
    )
  const facts = factsOf(template, workload, site.application, context)
  const given = [...(wish.settings.get(entry.name) ?? [])].map(([name, { value, path }]) => ({
    name,
    text: value,
    from: path,
  }))
  const { values, problems } = resolveParameters<Path>(entry, set, given, facts)
  const [problem] = problems
  if (problem !== undefined)
    fail(
      'invalid_parameter',
      problem.from ?? asked.path,
      `${problem.parameter} of ${entry.name}: ${problem.message}`,
      problem.hint,
    )
  if (site.pod.spec['hostNetwork'] === true && isProxy(entry, values))
    skip(
      'host_network',
      ['spec', 'hostNetwork'],
      `${entry.name} carries traffic, which it must not do for a whole node`,
      'ask for sidecars without proxy',
    )
  meetOthers(chosen, site.pod, tell)
  const rendering = rendered(entry, values, facts)
  assertTokens(entry.name, rendering.volumes, site.pod)
  const place = wish.place ?? (serves(entry, values) ? 'first' : 'last')
  assemble(rendering, { ...cluster, place }, site, tell)
}

/** Proxies and secrets serve init containers, too. What only reads need not be counted with their peak. */
function serves({ order }: Entry, values: Values): boolean {
  const { modules } = values
  return order < 50 && !(Array.isArray(modules) && modules.every(each => each === 'logs'))
}

function isProxy({ order, parameters }: Entry, { modules }: Values): boolean {
  if (Object.hasOwn(parameters, 'modules')) return Array.isArray(modules) && modules.includes('proxy')
  return order <= PROXIES
}

/** A pod that wants no token of its API server gets none through a volume of a sidecar either. */
function assertTokens(entry: string, volumes: readonly JsonObject[], pod: Pod): void {
  if (pod.spec['automountServiceAccountToken'] !== false) return
  for (const volume of volumes)
    for (const source of listOf(at(volume, ['projected', 'sources'])))
      if (isObject(source['serviceAccountToken']) && isAbsent(source['serviceAccountToken']['audience']))
        fail(
          'service_account_token',
          ['spec', 'automountServiceAccountToken'],
          `${entry} needs a token of the API server, and the pod wants none`,
          'leave automountServiceAccountToken out, or let the entry have a token with an audience of its own',
        )
}

function rendered(...[entry, values, facts]: Parameters<typeof render>): Rendered {
  try {
    return render(entry, values, facts)
  } catch (error) {
    if (error instanceof TooLarge) fail('invalid_parameter', [], `${entry.name}: ${error.message}`)
    throw error
  }
}

/** Annotations of an object have a common limit; generated files and the status are in them. */
export function assertFits(template: JsonObject): void {
  const annotations = at(template, ['metadata', 'annotations'])
  if (!isObject(annotations)) return
  let length = 0
  for (const [key, value] of Object.entries(annotations)) {
    length += key.length + (typeof value === 'string' ? value.length : 0)
    if (length > MAX_ANNOTATIONS_BYTES) break
  }
  // A quarter is enough for any text whose every character takes four bytes.
  if (length <= MAX_ANNOTATIONS_BYTES / 4) return
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + utf8Length(key) + utf8Length(value),
    0,
  )
  if (bytes > MAX_ANNOTATIONS_BYTES)
    fail(
      'annotations_too_large',
      ['metadata', 'annotations'],
      `the pod's annotations would take ${bytes} bytes, and ${MAX_ANNOTATIONS_BYTES} are allowed`,
      'generated files are in annotations: put large ones into a ConfigMap',
    )
}

function utf8Length(value: Json): number {
  return typeof value === 'string' ? new TextEncoder().encode(value).length : 0
}

function clusterOf({
  kubernetes,
  namespace,
  openshift,
}: InjectionContext): Cluster & { version: KubernetesVersion } {
  const version = kubernetes ?? NEWEST
  const annotations = namespace?.annotations
  return {
    version,
    native: isAtLeast(version, FIRST_WITH_NATIVE_SIDECARS),
    openshift: openshift ?? (annotations !== undefined && Object.hasOwn(annotations, UID_RANGE)),
  }
}

/** The order of sidecars that carry traffic. */
const PROXIES = 10
const UID_RANGE = 'openshift.io/sa.scc.uid-range'
/** Of a cluster of which nothing is known. */
const NEWEST: KubernetesVersion = { major: 1, minor: 35 }
