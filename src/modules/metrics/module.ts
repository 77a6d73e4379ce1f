import { entryNames } from '../../kernel/config/entry-names.ts'
import type { Health, Module } from '../../kernel/module.ts'
import { checkMetrics, type MetricsConfig, metricsConfig } from './config.ts'
import { openOutput } from './outputs/kinds.ts'

/** Serves and sends the metrics of the process. */
export const metrics: Module<MetricsConfig> = {
  name: 'metrics',
  config: metricsConfig,
  observes: true,
  check: checkMetrics,
  async start({ outputs }, host) {
    const names = entryNames(outputs)
    const open = await Promise.all(
      outputs.map((output, index) =>
        openOutput(output, host, {
          name: names[index],
          key: `metrics.outputs[${index}].${output.kind}`,
        }),
      ),
    )
    return {
      offer: undefined,
      health: () => wholeOf(Object.fromEntries(open.map((output, index) => [names[index], output.health()]))),
      drain: async (deadline, reason) => {
        await Promise.all(open.map(output => output.drain?.(deadline, reason)))
      },
    }
  },
}

/** Nobody's work hangs on metrics: the module is ready whatever becomes of them. */
function wholeOf(parts: Readonly<Record<string, Health>>): Health {
  const ill = Object.entries(parts).find(([, { state }]) => state !== 'ok')
  if (ill === undefined) return { ready: true, state: 'ok', parts }
  return { ready: true, state: 'degraded', message: `${ill[0]}: ${ill[1].message}`, parts }
}
