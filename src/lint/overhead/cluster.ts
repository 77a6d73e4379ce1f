import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import { containersOf } from '../../manifests/workload.ts'
import { type Subject, scaleOf, scalersAmong } from './subject.ts'

/** What pods may use of the nodes that take pods: how many there are, and one of them on average. */
export interface ClusterNodes {
  readonly count: number
  readonly cpu: number
  readonly memory: number
  readonly maxPods: number
}

/**
 * The pods that hold resources of a cluster now, as `kubectl get pods -o json` lists them, grouped by what made them.
 * Only pods show what admission webhooks have put into them; a Deployment does not. Pods of one workload that differ,
 * as during a rollout, are several subjects.
 */
export function ofCluster(objects: readonly JsonObject[]): Subject[] {
  const pods = objects.filter(each => each['kind'] === 'Pod' && holdsResources(each))
  const scalers = scalersAmong(objects)
  const groups = Map.groupBy(pods, pod => JSON.stringify([namespaceOf(pod), ...makerOf(pod), shapeOf(pod)]))
  return [...groups.values()].map((group): Subject => {
    const template = group[0]!
    const [kind, name] = makerOf(template)
    const namespace = namespaceOf(template)
    const scale = scaleOf({ kind, name, namespace }, scalers)
    return {
      kind,
      namespace,
      name,
      template,
      pods: group.length,
      mostPods: Math.max(group.length, scale?.most ?? 0),
      podsFrom: scale === undefined ? 'running' : `running; autoscaled from ${scale.least} to ${scale.most}`,
      podNames: new Set(group.map(nameOf)),
    }
  })
}

/** Of `kubectl get nodes -o json`; those that take no pods are left out. undefined: there is none. */
export function nodesOf(objects: readonly JsonObject[]): ClusterNodes | undefined {
  const nodes = objects.filter(
    each => each['kind'] === 'Node' && at(each, ['spec', 'unschedulable']) !== true && !isTainted(each),
  )
  const average = (resource: string) => {
    const values = nodes.map(node => parseQuantity(at(node, ['status', 'allocatable', resource])) ?? 0)
    return values.reduce((sum, value) => sum + value, 0) / nodes.length
  }
  const [cpu, memory, maxPods] = [average('cpu'), average('memory'), average('pods')]
  const isKnown = cpu > 0 && memory > 0 && maxPods > 0
  return isKnown ? { count: nodes.length, cpu, memory, maxPods: Math.floor(maxPods) } : undefined
}

/** Nodes of the control plane run no ordinary pods. */
function isTainted(node: JsonObject): boolean {
  const taints = at(node, ['spec', 'taints'])
  return (
    Array.isArray(taints) &&
    taints.some(taint => at(taint, ['key']) === 'node-role.kubernetes.io/control-plane')
  )
}

/** A pod that has ended reserves nothing any more. */
function holdsResources(pod: JsonObject): boolean {
  const phase = at(pod, ['status', 'phase'])
  return phase !== 'Succeeded' && phase !== 'Failed'
}

/** Kind and name of what made the pod; of a ReplicaSet its Deployment, of a Job its CronJob where the name says so. */
function makerOf(pod: JsonObject): readonly [kind: string, name: string] {
  const owners = at(pod, ['metadata', 'ownerReferences'])
  const owner = Array.isArray(owners) ? owners.find(each => at(each, ['controller']) === true) : undefined
  const [kind, name] = [at(owner, ['kind']), at(owner, ['name'])]
  // Static pods belong to their node.
  if (typeof kind !== 'string' || typeof name !== 'string' || kind === 'Node') return ['Pod', nameOf(pod)]
  const hash = at(pod, ['metadata', 'labels', 'pod-template-hash'])
  if (kind === 'ReplicaSet' && typeof hash === 'string' && name.endsWith(`-${hash}`))
    return ['Deployment', name.slice(0, -hash.length - 1)]
  const scheduled = kind === 'Job' ? /^(.+)-\d{8,}$/.exec(name) : null
  return scheduled === null ? [kind, name] : ['CronJob', scheduled[1]!]
}

/** Alike in all that the estimate looks at. */
function shapeOf(pod: JsonObject): Json {
  return [
    containersOf(pod).map(({ name, role, container }) => [
      name,
      role,
      container['image'] ?? null,
      container['resources'] ?? null,
    ]),
    at(pod, ['spec', 'resources']) ?? null,
    at(pod, ['spec', 'overhead']) ?? null,
  ]
}

function nameOf(pod: JsonObject): string {
  const name = at(pod, ['metadata', 'name'])
  return typeof name === 'string' ? name : ''
}

function namespaceOf(pod: JsonObject): string {
  const namespace = at(pod, ['metadata', 'namespace'])
  return typeof namespace === 'string' ? namespace : 'default'
}

/** The items of lists that kubectl has printed. Throws TypeError for anything else. */
export function itemsOf(list: Json): JsonObject[] {
  const items = at(list, ['items'])
  if (!Array.isArray(items)) throw new TypeError('expected a List of Kubernetes, which has items')
  return items.filter(isObject)
}
