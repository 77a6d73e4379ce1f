import { grep } from './filters/grep.ts'
import { dummy } from './inputs/dummy.ts'
import { tail } from './inputs/tail.ts'
import { exit } from './outputs/exit.ts'
import { nothing } from './outputs/null.ts'
import { stdout } from './outputs/stdout.ts'
import type { FilterPlugin, InputPlugin, OutputPlugin } from './plugin.ts'

/** By the names of Fluent Bit. */
export const inputPlugins: Readonly<Record<string, InputPlugin>> = { dummy, tail }

export const filterPlugins: Readonly<Record<string, FilterPlugin>> = { grep }

export const outputPlugins: Readonly<Record<string, OutputPlugin>> = { exit, null: nothing, stdout }

const METRICS = 'metrics of the machine are not logs; the metrics module and its exporters give them'

/** Plugins that exist and are not carried over: why. */
export const refusedPlugins: Readonly<
  Record<'input' | 'filter' | 'output', Readonly<Record<string, string>>>
> = {
  input: {
    systemd: 'the journal is binary; run it where rsyslog or journald forwards to a syslog input',
    cpu: METRICS,
    mem: METRICS,
    disk: METRICS,
    netif: METRICS,
    thermal: METRICS,
    proc: METRICS,
    node_exporter_metrics: METRICS,
    process_exporter_metrics: METRICS,
    windows_exporter_metrics: METRICS,
    prometheus_scrape: METRICS,
    prometheus_remote_write: METRICS,
    statsd: METRICS,
  },
  filter: {},
  output: {},
}
