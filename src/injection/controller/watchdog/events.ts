import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import type { Host } from '../../../kernel/module.ts'
import type { Cluster } from '../cluster/module.ts'
import type { Fault } from './judgement.ts'
import type { PodRecord } from './pod-record.ts'

const REASONS = {
  required_missing: 'SidecarRequired',
  missing: 'SidecarMissing',
  outdated: 'SidecarOutdated',
  changed: 'SidecarChanged',
} as const

export interface PodPlace {
  readonly namespace: string
  readonly name: string
  readonly record: PodRecord
}

/** Writes Events (events.k8s.io/v1) beside pods: at most so many a minute, so that a bad catalogue does not flood the cluster. */
export class EventWriter {
  readonly #cluster: Cluster
  readonly #host: Pick<Host, 'clock' | 'log'>
  readonly #perMinute: number
  readonly #count: (outcome: 'written' | 'left_out' | 'failed') => void
  #minute = -1
  #written = 0

  constructor(
    cluster: Cluster,
    host: Pick<Host, 'clock' | 'log' | 'metrics'>,
    { maxEventsPerMinute }: { readonly maxEventsPerMinute: number },
  ) {
    this.#cluster = cluster
    this.#host = host
    this.#perMinute = maxEventsPerMinute
    const count = host.metrics.counter('events_total', 'Events about pods.', ['outcome'])
    this.#count = outcome => count.with(outcome).inc()
  }

  async tell({ namespace, name, record }: PodPlace, { problem, message }: Fault): Promise<void> {
    const { clock, log } = this.#host
    const minute = Math.floor(clock.monotonic() / 60_000)
    if (minute !== this.#minute) [this.#minute, this.#written] = [minute, 0]
    if (this.#written >= this.#perMinute) return this.#count('left_out')
    this.#written++
    const { client, identity } = this.#cluster
    try {
      await client.create(RESOURCES.events, {
        metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
        eventTime: new Date(client.serverNow()).toISOString().replace('Z', '000Z'),
        type: problem === 'outdated' ? 'Normal' : 'Warning',
        reason: REASONS[problem],
        action: 'Watch',
        note: message.slice(0, 1024),
        regarding: { apiVersion: 'v1', kind: 'Pod', namespace, name, uid: record.uid },
        reportingController: 'outrigger.dev/watchdog',
        reportingInstance: identity.slice(0, 128),
      })
      this.#count('written')
    } catch (error) {
      this.#count('failed')
      log.warn('event_failed', `no Event could be written beside pod ${namespace}/${name}`, { error })
    }
  }
}
