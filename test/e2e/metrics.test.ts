/** The metrics of a real sidecar in a real Prometheus, sent and scraped. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { freePort } from '../fakes/free-port.ts'
import { missing } from '../fakes/programs.ts'
import { startPrometheus } from '../fakes/prometheus/server.ts'

const skip = missing('prometheus')
const launcher = join(import.meta.dirname, '../../bin/outrigger.js')

async function startSidecar(t: TestContext, configuration: string) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-metrics-'))
  await writeFile(join(folder, 'outrigger.yaml'), configuration.replaceAll('@FOLDER@', folder))
  const child = spawn(process.execPath, [launcher, 'run'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', more => (output += more))
  const exited = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  return {
    async end() {
      child.kill('SIGTERM')
      const [code] = await exited
      assert.equal(code, 0, output)
    },
  }
}

test('a Prometheus takes what the sidecar sends, scrapes the same, and forgets it once it has ended', {
  skip,
}, async t => {
  const port = await freePort()
  const prometheus = await startPrometheus([`127.0.0.1:${port}`])
  t.after(() => prometheus.stop())
  const sidecar = await startSidecar(
    t,
    `dataDir: '@FOLDER@/data'
admin: { listen: '@FOLDER@/admin.sock' }
logs:
  inputs:
    - dummy: { record: '{"took":0.3}', interval: 20ms, samples: 40 }
  steps:
    - metric: { name: requests_total, labels: { took: took } }
    - metric: { name: took_seconds, kind: histogram, value: took, buckets: [0.1, 0.5] }
  outputs:
    - 'null': {}
metrics:
  outputs:
    - remoteWrite:
        url: ${prometheus.url}/api/v1/write
        interval: 1s
        labels: { way: sent }
    - prometheus:
        listen: 127.0.0.1:${port}
        labels: { way: scraped }
`,
  )
  const both = (values: readonly number[]) => values.length === 2 && values.every(value => value === 40)
  const found = await prometheus.untilQuery('sum by (way) (requests_total{took="0.3"})', both)
  assert.deepEqual(Object.keys(found).sort(), ['{"way":"scraped"}', '{"way":"sent"}'])
  await prometheus.untilQuery('took_seconds_bucket{le="0.5"}', both)
  await prometheus.untilQuery('took_seconds_bucket{le="0.1"}', values => values.length === 2 && !values[0])
  await prometheus.untilQuery('process_resident_memory_bytes{way="sent"}', values => values[0] > 1e6)
  await sidecar.end()
  // What was sent is at its end by the markers, what was scraped by the target that is gone.
  await prometheus.untilQuery('requests_total', values => values.length === 0)
  const last = (name: string) => prometheus.query(`last_over_time(${name}[5m])`)
  assert.deepEqual(Object.values(await last('requests_total{way="sent"}')), [40])
  const rejected = await last('outrigger_metrics_sends_total{way="sent",outcome="rejected"}')
  assert.deepEqual(Object.values(rejected), [0])
})
