import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder, startProgram } from '../../../bench/support/programs.ts'
import { until } from '../controller/installed.ts'
import { freePort } from '../free-port.ts'

export interface Prometheus {
  readonly url: string
  /** The values that an expression has now, by the labels of their series as JSON. */
  query(expression: string): Promise<Readonly<Record<string, number>>>
  /** Asks until the answer is as it should be. */
  untilQuery(
    expression: string,
    good: (values: readonly number[]) => boolean,
  ): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

/** A real Prometheus that takes remote writes and scrapes these targets all the time. */
export async function startPrometheus(targets: readonly string[] = []): Promise<Prometheus> {
  const folder = ownFolder('prometheus')
  const port = await freePort()
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: sidecar, honor_labels: true, static_configs: [{targets: ${JSON.stringify(targets)}}]}]
`,
  )
  const program = await startProgram(
    [
      'prometheus',
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=error',
    ],
    port,
    folder,
  )
  const url = `http://127.0.0.1:${port}`
  const query: Prometheus['query'] = async expression => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
    // Until it is ready it answers 503.
    if (!response.ok) return {}
    const { data } = (await response.json()) as {
      data: { result: readonly { metric: Record<string, string>; value: [number, string] }[] }
    }
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]),
    )
  }
  return {
    url,
    query,
    async untilQuery(expression, good) {
      let found: Readonly<Record<string, number>> = {}
      await until(async () => {
        found = await query(expression)
        return good(Object.values(found))
      }, `${expression} is as it should be`)
      return found
    },
    stop: () => program.stop(),
  }
}
