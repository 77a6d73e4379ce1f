/** outrigger overhead asks a real Prometheus that has scraped the metrics of a kubelet. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ownFolder, type Program, startProgram } from '../../bench/support/programs.ts'
import { freePort } from '../../bench/support/sidecars.ts'
import { fakeIo } from '../../src/cli/io-fake.ts'
import { main } from '../../src/cli/main.ts'
import { until } from '../fakes/controller/installed.ts'
import { missing } from '../fakes/programs.ts'

const skip = missing('prometheus')

const MANIFEST = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 4
  template:
    spec:
      containers:
      - {name: db, image: "shop/db:1", resources: {requests: {cpu: 500m, memory: 512Mi}}}
      - {name: fluent-bit, image: "fluent/fluent-bit:4.0.3", resources: {requests: {cpu: 50m, memory: 64Mi}}}
`

/** What cAdvisor says: the containers, and the pause container and whole pod that must not be counted. */
function metrics(seconds: number): string {
  const series = (metric: string, container: string, value: number) =>
    `${metric}{namespace="shop",pod="db-0",container="${container}"} ${value}`
  return `${[
    '# TYPE container_cpu_usage_seconds_total counter',
    ...['fluent-bit', 'db', 'POD', ''].map(each =>
      series('container_cpu_usage_seconds_total', each, 0.02 * seconds),
    ),
    '# TYPE container_memory_working_set_bytes gauge',
    ...['fluent-bit', 'db', 'POD', ''].map(each =>
      series('container_memory_working_set_bytes', each, 2 ** 25),
    ),
  ].join('\n')}\n`
}

describe('beside a real Prometheus', { skip }, () => {
  const began = performance.now()
  const kubelet = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4')
    response.end(metrics((performance.now() - began) / 1000))
  })
  let prometheus: Program
  let url: string

  before(async () => {
    if (skip) return
    await new Promise<void>(resolve => kubelet.listen(0, '127.0.0.1', resolve))
    const folder = ownFolder('prometheus')
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const target = `127.0.0.1:${(kubelet.address() as AddressInfo).port}`
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs: [{job_name: cadvisor, honor_labels: true, static_configs: [{targets: ["${target}"]}]}]
`,
    )
    prometheus = await startProgram(
      [
        'prometheus',
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      port,
      folder,
    )
  })
  after(async () => {
    await prometheus?.stop()
    kubelet.close()
    kubelet.closeAllConnections()
  })

  async function usage() {
    const io = fakeIo()
    io.stdin.end(MANIFEST)
    const code = await main(['overhead', '--prometheus', url, '-o', 'json', '-'], io)
    return code === 0 ? JSON.parse(io.stdout.text).byUsage : undefined
  }

  it('takes the usage of the sidecars from it', async () => {
    let found: { amounts: { cpu?: number; memory?: number }; measured: number } | undefined
    await until(async () => {
      found = await usage()
      // A scrape that a busy machine misses leaves a gap, in which there is no memory to see.
      return found?.amounts.cpu !== undefined && found.amounts.memory !== undefined
    }, 'Prometheus has scraped the usage twice')
    assert.equal(found!.measured, 1)
    assert.equal(found!.amounts.memory, 4 * 2 ** 25)
    // A rate over few samples, of a machine that may be busy: the size of it is what the queries must get right.
    const perPod = found!.amounts.cpu! / 4
    assert.ok(perPod > 0 && perPod < 0.2, `${perPod}`)
  })
})
