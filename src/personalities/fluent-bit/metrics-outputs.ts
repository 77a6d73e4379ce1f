import { FLUENT_BIT_METRICS } from './plugins/inputs/fluentbit-metrics.ts'
import type { MetricsSource, NotationMap, OutputPlugin, Surroundings } from './plugins/plugin.ts'
import type { Settings } from './plugins/settings.ts'
import { milliseconds } from './plugins/units.ts'
import { matchesGlob } from './values/glob.ts'

/** What an output becomes in our `metrics`, when it takes metrics and its patterns match some. */
export function metricsOutput(
  plugin: OutputPlugin,
  settings: Settings,
  patterns: readonly string[],
  around: Surroundings,
): NotationMap | undefined {
  if (plugin.metrics === undefined) return undefined
  const sources = around.metrics.filter(({ tag }) => patterns.some(pattern => matchesTag(tag, pattern)))
  if (plugin.metrics === 'lost') {
    if (sources.length > 0) settings.lose(settings.place, '', 'sends records only, and no metrics', SERVED)
    return undefined
  }
  const translation = plugin.metrics(settings, around)
  if (translation === undefined) return undefined
  if (sources.length === 0) {
    if (plugin.translate === undefined)
      settings.lose(
        settings.place,
        'match',
        'matches no metrics, so that it has none',
        'it takes those of inputs fluentbit_metrics and filters log_to_metrics, by their tags',
      )
    return undefined
  }
  const { kind, options } = translation
  return {
    [kind]: {
      name: around.name,
      ...options,
      names: [...new Set(sources.flatMap(({ names }) => names))],
      ...(kind !== 'prometheus' && { interval: intervalOf(sources, around.flushMs) }),
    },
  }
}

const SERVED = 'prometheus_exporter serves them, and prometheus_remote_write sends them'

/** As often as the most eager of them, and not more often than everything is flushed. */
function intervalOf(sources: readonly MetricsSource[], flushMs: number): string {
  const eagerMs = Math.min(...sources.map(({ intervalMs }) => intervalMs))
  return milliseconds(Math.max(1000, eagerMs, flushMs))
}

/** Patterns as `matchOf` gives them. */
function matchesTag(tag: string, pattern: string): boolean {
  if (!/^\/.*\/$/s.test(pattern)) return matchesGlob(tag, pattern)
  return new RegExp(pattern.slice(1, -1)).test(tag)
}

/**
 * The configuration for who goes on with it: under Fluent Bit's names its metrics are there only as long as we run as
 * Fluent Bit. Undefined when it has none of them.
 */
export function withOwnMetricNames(configuration: NotationMap): NotationMap | undefined {
  const metrics = configuration['metrics'] as { readonly outputs: readonly NotationMap[] } | undefined
  if (metrics === undefined || !JSON.stringify(metrics).includes(FLUENT_BIT_METRICS)) return undefined
  const outputs = metrics.outputs.map(output =>
    Object.fromEntries(
      Object.entries(output).map(([kind, options]) => {
        const { names, ...rest } = options as { readonly names: readonly string[] }
        const own = names.flatMap(name =>
          name === FLUENT_BIT_METRICS ? ['outrigger_*', 'process_*'] : [name],
        )
        return [kind, { ...rest, names: own }]
      }),
    ),
  )
  return { ...configuration, metrics: { outputs } }
}
