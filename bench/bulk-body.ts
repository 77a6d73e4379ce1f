/**
 * How fast records become a `_bulk` body: bytes of records per second of CPU, one row a way of building it.
 * Run: node bench/bulk-body.ts [records]
 */

import type { Batch, Slice } from '../src/modules/logs/batch.ts'
import { BulkBody, type BulkPlan } from '../src/modules/logs/outputs/elasticsearch/bulk-body.ts'
import { parseDatedName } from '../src/modules/logs/outputs/elasticsearch/dated-name.ts'

const total = Number(process.argv[2] ?? 1_000_000)
const perSend = 16_384
const dated = parseDatedName('logs-%Y.%m.%d')
if (typeof dated === 'string') throw new Error('a dated name was expected')

const plain = frame(record => record)
const stamped = frame(record => `{"@timestamp":"2026-01-01T00:00:00.000Z",${record.slice(1)}`)
const rows: [string, BulkPlan, Slice][] = [
  ['data stream', { op: 'create' }, plain],
  ['data stream, ids by position', { op: 'create', spoolId: 'abcdefgh' }, plain],
  ['dated index', { op: 'index', index: dated }, plain],
  ['records with a timestamp of their own', { op: 'create' }, stamped],
]

console.log(`${total} records of ${plain.frame.batch.ends[0]} bytes, ${perSend} a body`)
for (const [name, plan, slice] of rows) {
  run(plan, slice, total / 4)
  const { megabytes, seconds } = run(plan, slice, total)
  console.log(`${name.padEnd(40)} ${(megabytes / seconds).toFixed(0).padStart(6)} MB/s`)
}
run2()

function run2() {
  const { bytes } = plain.frame.batch
  const start = process.cpuUsage()
  let done = 0
  for (; done < total; done += perSend) {
    const lines = bytes.toString('utf8').split('\n')
    let out = ''
    for (let i = 0; i < perSend; i++)
      out += `{"create":{}}\n${JSON.stringify({ '@timestamp': new Date().toISOString(), ...JSON.parse(lines[i]) })}\n`
    Buffer.from(out)
  }
  const used = process.cpuUsage(start)
  const seconds = (used.user + used.system) / 1e6
  console.log(
    `${'parse and stringify, for comparison'.padEnd(40)} ${((done * bytes.length) / perSend / 1e6 / seconds).toFixed(0).padStart(6)} MB/s`,
  )
}

function run(plan: BulkPlan, slice: Slice, records: number): { megabytes: number; seconds: number } {
  const start = process.cpuUsage()
  let done = 0
  for (; done < records; done += perSend) {
    const body = new BulkBody(plan, [slice])
    body.add(slice)
    body.bytes()
  }
  const used = process.cpuUsage(start)
  const megabytes = (done * slice.frame.batch.bytes.length) / perSend / 1e6
  return { megabytes, seconds: (used.user + used.system) / 1e6 }
}

/** One frame of access-log records, 25 of them in each millisecond. */
function frame(shape: (record: string) => string): Slice {
  const starts = new Uint32Array(perSend)
  const ends = new Uint32Array(perSend)
  const timesMs = new Float64Array(perSend)
  const parts: string[] = []
  let at = 0
  for (let i = 0; i < perSend; i++) {
    const record = shape(accessRecord(i))
    starts[i] = at
    ends[i] = at + record.length
    at += record.length + 1
    timesMs[i] = Date.UTC(2026, 0, 1) + Math.floor(i / 25)
    parts.push(`${record}\n`)
  }
  const batch: Batch = {
    bytes: Buffer.from(parts.join('')),
    count: perSend,
    starts,
    ends,
    timesMs,
    origin: { input: 'tail', path: '/var/log/app.log' },
  }
  return { frame: { sequence: 1, batch }, from: 0, to: perSend }
}

function accessRecord(i: number): string {
  const text = JSON.stringify({
    time: '2026-01-01T00:00:00.000Z',
    level: 'info',
    method: 'GET',
    path: `/api/orders/${String(i).padStart(8, '0')}`,
    status: 200,
    duration_ms: 12.5,
    client: '10.0.0.17',
    agent: 'Mozilla/5.0 (X11; Linux x86_64)',
  })
  return `${text.slice(0, -1)},"pad":"${'x'.repeat(236 - text.length - 9)}"}`
}
