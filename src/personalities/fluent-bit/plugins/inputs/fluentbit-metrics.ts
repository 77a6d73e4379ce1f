import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'

/** The names of all of them. */
export const FLUENT_BIT_METRICS = 'fluentbit_*'

/** Its own metrics, for outputs that take metrics. */
export const fluentbitMetrics: InputPlugin = {
  about: 'Its own metrics, for outputs that take metrics',
  options: {
    scrape_interval: option.time('2'),
    scrape_on_start: option.needless('metrics are served from the start, and sent at each interval', 'false'),
  },
  translate(settings, { name, metrics }) {
    const intervalMs = Math.max(1000, settings.time('scrape_interval') ?? 2000)
    metrics.push({ tag: settings.text('tag') ?? name, names: [FLUENT_BIT_METRICS], intervalMs })
    return 'no records'
  },
}
