import type { MetricFamily } from './family.ts'

/** Metrics for people, a line each: `2026-01-31T12:00:00.250000000Z name{label="value"} = 1`. */
export function metricLines(families: readonly MetricFamily[], timeMs: number): string {
  return families
    .flatMap(({ name, samples }) =>
      samples.map(sample => {
        const { suffix, labels, value } = sample
        const time = new Date(sample.timeMs ?? timeMs).toISOString().replace('Z', '000000Z')
        const pairs = labels.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')
        return `${time} ${name}${suffix}${pairs === '' ? '' : `{${pairs}}`} = ${value}\n`
      }),
    )
    .join('')
}
