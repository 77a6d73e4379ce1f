import { filterPlugins, inputPlugins, outputPlugins } from '../plugins/registry.ts'
import { FLUENT_BIT_VERSION } from '../version.ts'
import type { Counters } from './counters.ts'

/** `/` */
export function buildDocument(): object {
  return {
    'fluent-bit': {
      version: FLUENT_BIT_VERSION,
      edition: 'Outrigger',
      flags: [
        'FLB_HAVE_TLS',
        'FLB_HAVE_METRICS',
        'FLB_HAVE_HTTP_SERVER',
        'FLB_HAVE_REGEX',
        'FLB_HAVE_PARSER',
      ],
    },
  }
}

/** `/api/v1/uptime` */
export function uptimeDocument(uptimeMs: number): object {
  const seconds = Math.floor(uptimeMs / 1000)
  const count = (amount: number, unit: string) => `${amount} ${unit}${amount === 1 ? '' : 's'}`
  const days = count(Math.floor(seconds / 86_400), 'day')
  const hours = count(Math.floor(seconds / 3600) % 24, 'hour')
  const minutes = count(Math.floor(seconds / 60) % 60, 'minute')
  return {
    uptime_sec: seconds,
    uptime_hr: `Fluent Bit has been running:  ${days}, ${hours}, ${minutes} and ${count(seconds % 60, 'second')}`,
  }
}

/** `/api/v1/metrics` */
export function metricsDocument({ inputs, filters, outputs }: Counters): object {
  const byName = (list: readonly { readonly name: string }[]) =>
    Object.fromEntries(list.map(({ name, ...counters }) => [name, counters]))
  return { input: byName(inputs), filter: byName(filters), output: byName(outputs) }
}

/** `/api/v1/storage`: a frame of the spool is what a chunk is there. */
export function storageDocument({ inputs, storage: { frames, blocked } }: Counters): object {
  const input = {
    status: { overlimit: blocked, mem_size: '0b', mem_limit: '0b' },
    chunks: { total: 0, up: 0, down: 0, busy: 0, busy_size: '0b' },
  }
  return {
    storage_layer: {
      chunks: {
        total_chunks: frames,
        mem_chunks: 0,
        fs_chunks: frames,
        fs_chunks_up: 0,
        fs_chunks_down: frames,
      },
    },
    input_chunks: Object.fromEntries(inputs.map(({ name }) => [name, input])),
  }
}

/** `/api/v1/plugins` */
export function pluginsDocument(): object {
  return {
    inputs: Object.keys(inputPlugins),
    filters: Object.keys(filterPlugins),
    outputs: Object.keys(outputPlugins),
  }
}
