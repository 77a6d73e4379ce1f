import { type Informer, informer } from '../../../backends/kubernetes/informer.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import type { Host, Module } from '../../../kernel/module.ts'
import type { Cluster } from '../cluster/module.ts'
import type { InjectionOffer } from '../injection/module.ts'
import { type WatchdogConfig, watchdogConfig } from './config.ts'
import { EventWriter, type PodPlace } from './events.ts'
import { Evictions } from './evictions.ts'
import { type Fault, faultsOf, PROBLEMS } from './judgement.ts'
import { type PodRecord, podRecord } from './pod-record.ts'

interface Faulty extends PodPlace {
  readonly faults: readonly Fault[]
}

/** Of a list that people read. */
const MAX_SHOWN = 500

/** What is wrong with pods that run already: whatever happened while the webhook was away, and what has changed since. */
export const watchdog: Module<WatchdogConfig> = {
  name: 'watchdog',
  config: watchdogConfig,
  needs: ['cluster', 'injection'],
  async start(config, host) {
    const { clock, log, scope } = host
    const cluster = host.use<Cluster>('cluster')
    const { catalogue } = host.use<InjectionOffer>('injection')
    const pods = informer<PodRecord>({
      ...{ client: cluster.client, clock, log, type: RESOURCES.pods, project: podRecord },
    })
    scope.use(pods)
    const look = () => faulty(pods, cluster, catalogue.edition.catalogue, clock.now() - config.graceMs)
    const known = new Known()
    const gauges = host.metrics.gauge('pods', 'Pods that differ from what they should be.', ['problem'])
    const writer = new EventWriter(cluster, host, config)
    const evictions = config.evict && new Evictions(cluster, host, config.evict)
    let found: readonly Faulty[] = []
    const round = async (holds: () => boolean): Promise<void> => {
      if (!pods.state.synced || !cluster.namespaces.state.synced) return
      found = look()
      for (const problem of PROBLEMS)
        gauges
          .with(problem)
          .set(found.filter(({ faults }) => faults.some(each => each.problem === problem)).length)
      const fresh = known.fresh(found)
      for (const { pod, fault } of fresh) tell(host, pod, fault)
      // Replicas all look; one of them writes.
      if (!holds()) return
      if (config.events) for (const { pod, fault } of fresh) await writer.tell(pod, fault)
      const required = found.filter(({ faults }) =>
        faults.some(({ problem }) => problem === 'required_missing'),
      )
      await evictions?.evict(required, holds)
    }
    let holds = () => false
    scope.defer(
      cluster.whileLeading(async term => {
        holds = () => term.holds()
        await new Promise(resolve => term.signal.addEventListener('abort', resolve, { once: true }))
        holds = () => false
      }),
    )
    let looking = Promise.resolve()
    const again = () => {
      looking = looking
        .then(() => round(holds))
        .catch(error => log.error('watchdog_failed', 'a look at the pods failed by our own fault', { error }))
    }
    const timer = clock.interval(config.intervalMs, again)
    scope.defer(() => timer.cancel())
    scope.defer(catalogue.onChange(again))
    pods.synced.then(again, () => {})
    serve(host, () => found)
    return {
      offer: undefined,
      // A watchdog that cannot see must not take the webhook out of service.
      health: () =>
        pods.state.connected
          ? { ready: true, state: 'ok' }
          : {
              ready: true,
              state: 'degraded',
              message: pods.state.problem ?? 'the pods of the cluster are being read',
            },
    }
  },
}

function faulty(
  pods: Informer<PodRecord>,
  cluster: Cluster,
  catalogue: Parameters<typeof faultsOf>[2],
  bornBeforeMs: number,
): Faulty[] {
  const found: Faulty[] = []
  for (const [key, record] of pods.entries()) {
    if (record.createdMs > bornBeforeMs) continue
    const slash = key.indexOf('/')
    const namespace = key.slice(0, slash)
    if (namespace === cluster.namespace || namespace === 'kube-system') continue
    const inherited = cluster.namespaces.get('', namespace)?.annotations['outrigger.dev/inject']
    const faults = faultsOf(record, record.inject ?? inherited, catalogue)
    if (faults.length > 0) found.push({ namespace, name: key.slice(slash + 1), record, faults })
  }
  return found
}

/** Which faults have been told: each once, as long as it lasts. */
class Known {
  #told = new Set<string>()

  fresh(found: readonly Faulty[]): { readonly pod: Faulty; readonly fault: Fault }[] {
    const told = new Set<string>()
    const fresh: { pod: Faulty; fault: Fault }[] = []
    for (const pod of found)
      for (const fault of pod.faults) {
        const key = `${pod.record.uid} ${fault.problem} ${fault.entry}`
        told.add(key)
        if (!this.#told.has(key)) fresh.push({ pod, fault })
      }
    this.#told = told
    return fresh
  }
}

const LOG_EVENTS = {
  required_missing: 'pod_lacks_required_sidecar',
  missing: 'pod_lacks_sidecar',
  outdated: 'sidecar_outdated',
  changed: 'sidecar_changed',
} as const

function tell(
  { log }: Host,
  { namespace, name, record }: PodPlace,
  { problem, entry, message }: Fault,
): void {
  const { owner } = record
  const fields = { namespace, pod: name, owner: owner && `${owner.kind}/${owner.name}`, entry, problem }
  const say = problem === 'outdated' ? log.info : log.warn
  say.call(log, LOG_EVENTS[problem], `pod ${namespace}/${name}: ${message}`, fields)
}

function serve({ admin }: Host, found: () => readonly Faulty[]): void {
  admin.get('/watchdog', 'Pods that lack a sidecar, or have another than they should', (_, response) => {
    const all = found()
    const pods = all.slice(0, MAX_SHOWN).map(({ namespace, name, record, faults }) => ({
      namespace,
      name,
      ...(record.owner && { owner: `${record.owner.kind}/${record.owner.name}` }),
      faults,
    }))
    const body = `${JSON.stringify({ total: all.length, pods }, null, 2)}\n`
    response.send(200, { 'Content-Type': 'application/json' }, body)
  })
}
