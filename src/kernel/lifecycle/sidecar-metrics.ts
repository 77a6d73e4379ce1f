import type { Logger } from '../log/logger.ts'
import type { LogRecord } from '../log/record.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Reload } from './reload-history.ts'
import type { Sidecar } from './sidecar.ts'

/** The kernel's figures of itself. */
export class SidecarMetrics {
  readonly #metrics: Metrics
  readonly #reloads
  readonly #successful
  readonly #successTime

  constructor(metrics: Metrics, sidecar: Pick<Sidecar, 'health' | 'version' | 'registry'>) {
    this.#metrics = metrics
    this.#reloads = metrics.counter(
      'reloads_total',
      'Reloads by what asked for them and what came of them.',
      ['trigger', 'outcome'],
    )
    this.#successful = metrics
      .gauge('config_last_reload_successful', 'Whether the configuration that was read last runs: 1 or 0.')
      .with()
    this.#successTime = metrics
      .gauge('config_last_reload_success_timestamp_seconds', 'When the running configuration was taken over.')
      .with()
    const ready = metrics.gauge('module_ready', 'Whether the module is ready: 1 or 0.', ['module'])
    const failed = metrics.gauge('module_failed', 'Whether the module does not do its job: 1 or 0.', [
      'module',
    ])
    let shown: string[] = []
    metrics.onCollect(() => {
      const { modules } = sidecar.health()
      for (const name of shown.filter(name => !modules[name])) {
        ready.remove(name)
        failed.remove(name)
      }
      shown = Object.keys(modules)
      for (const [name, health] of Object.entries(modules)) {
        ready.with(name).set(health.ready ? 1 : 0)
        failed.with(name).set(health.state === 'failed' ? 1 : 0)
      }
    })
    sidecar.registry
      .view('')
      .gauge('outrigger_build_info', 'Versions as labels; the value is always 1.', [
        'version',
        'node_version',
      ])
      .with(sidecar.version, process.versions.node)
      .set(1)
  }

  countLog(logger: Logger): void {
    const written = this.#metrics.counter(
      'log_messages_total',
      "Messages of the sidecar's own log by level.",
      ['level'],
    )
    const suppressed = this.#metrics.counter(
      'log_messages_suppressed_total',
      'Messages that were not written because their event came too often.',
      ['module', 'event'],
    )
    logger.onRecord = (record: LogRecord, held) => {
      if (held) suppressed.with(record.module, record.event).inc()
      else written.with(record.level).inc()
    }
  }

  configurationApplied(nowSeconds: number): void {
    this.#successful.set(1)
    this.#successTime.set(nowSeconds)
  }

  reloaded({ trigger, outcome }: Reload, nowSeconds: number): void {
    this.#reloads.with(trigger, outcome).inc()
    if (outcome === 'applied' || outcome === 'unchanged') this.configurationApplied(nowSeconds)
    else this.#successful.set(0)
  }
}
