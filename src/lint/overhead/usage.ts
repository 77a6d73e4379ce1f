import { at, type Json } from '../../manifests/json.ts'
import type { Amounts } from '../../manifests/pod-resources.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import type { Subject } from './subject.ts'
import type { UsageOf } from './workload-cost.ts'

/** What one container of one pod was measured to use. */
export interface Sample {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly amounts: Amounts
}

/** Of `kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods`. Throws TypeError for anything else. */
export function fromMetricsApi(value: Json): Sample[] {
  const items = at(value, ['items'])
  if (!Array.isArray(items))
    throw new TypeError('expected a PodMetricsList of metrics.k8s.io, which has items')
  return items.flatMap((item: Json) => {
    const containers = at(item, ['containers'])
    const [pod, namespace] = [at(item, ['metadata', 'name']), at(item, ['metadata', 'namespace'])]
    if (!Array.isArray(containers) || typeof pod !== 'string') return []
    return containers.flatMap((container: Json): Sample[] => {
      const name = at(container, ['name'])
      const [cpu, memory] = ['cpu', 'memory'].map(each => parseQuantity(at(container, ['usage', each])))
      if (typeof name !== 'string') return []
      const amounts = { ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) }
      return [
        { namespace: typeof namespace === 'string' ? namespace : 'default', pod, container: name, amounts },
      ]
    })
  })
}

/** What to ask Prometheus for: the metrics of cAdvisor that every kubelet has. */
export const QUERIES = {
  cpu: 'sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[5m]))',
  memory:
    'sum by (namespace, pod, container) (container_memory_working_set_bytes{container!="",container!="POD"})',
} as const

/** Of the answers of Prometheus' /api/v1/query to QUERIES. Throws TypeError for anything else. */
export function fromPrometheus(answers: Readonly<Record<keyof typeof QUERIES, Json>>): Sample[] {
  return (['cpu', 'memory'] as const).flatMap(resource => {
    const answer = answers[resource]
    const result = at(answer, ['data', 'result'])
    if (at(answer, ['status']) !== 'success' || !Array.isArray(result))
      throw new TypeError(
        `Prometheus did not answer the query for ${resource}: ${String(at(answer, ['error']) ?? 'no result')}`,
      )
    return result.flatMap((series: Json): Sample[] => {
      const label = (name: string) => String(at(series, ['metric', name]) ?? '')
      const value = Number(at(series, ['value', 1]))
      if (!Number.isFinite(value)) return []
      return [
        {
          namespace: label('namespace'),
          pod: label('pod'),
          container: label('container'),
          amounts: { [resource]: value },
        },
      ]
    })
  })
}

/** The average over the pods of a workload, which are known by their names: those that run, or as its kind makes them. */
export function usageOf(samples: readonly Sample[]): UsageOf {
  const byContainer = Map.groupBy(samples, ({ namespace, container }) => `${namespace}/${container}`)
  return (subject, container) => {
    const own = (byContainer.get(`${subject.namespace}/${container}`) ?? []).filter(({ pod }) =>
      isOf(pod, subject),
    )
    const resources = new Set(own.flatMap(({ amounts }) => Object.keys(amounts)))
    if (resources.size === 0) return undefined
    const average = (resource: string) => {
      const values = own.flatMap(({ amounts }) => amounts[resource] ?? [])
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }
    return Object.fromEntries([...resources].map(resource => [resource, average(resource)]))
  }
}

/** What controllers add to the name of what they make pods for. */
const SUFFIX: Readonly<Record<string, RegExp>> = {
  Pod: /^$/,
  Deployment: /^-[a-z0-9]{1,10}-[a-z0-9]{5}$/,
  ReplicaSet: /^-[a-z0-9]{5}$/,
  ReplicationController: /^-[a-z0-9]{5}$/,
  DaemonSet: /^-[a-z0-9]{5}$/,
  Job: /^-(?:\d+-)?[a-z0-9]{5}$/,
  CronJob: /^-\d+-(?:\d+-)?[a-z0-9]{5}$/,
  StatefulSet: /^-\d+$/,
}

function isOf(pod: string, { kind, name, podNames }: Subject): boolean {
  if (podNames !== undefined) return podNames.has(pod)
  return pod.startsWith(name) && (SUFFIX[kind] ?? /^-/).test(pod.slice(name.length))
}
