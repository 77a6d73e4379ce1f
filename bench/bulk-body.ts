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
  report(name, () => {
    const body = new BulkBody(plan, [slice])
    body.add(slice)
    body.bytes()
  })
}
report('parse and stringify, for comparison', parseAndStringify)

/** Bytes of records per second of CPU, the same for every way: without the timestamps that some bring along. */
function report(name: string, build: () => void): void {
  spend(build, total / 4)
  const megabytes = (Math.ceil(total / perSend) * plain.frame.batch.bytes.length) / 1e6
  console.log(`${name.padEnd(40)} ${(megabytes / spend(build, total)).toFixed(0).padStart(6)} MB/s`)
}

/** CPU seconds. */
function spend(build: () => void, records: number): number {
  const start = process.cpuUsage()
  for (let done = 0; done < records; done += perSend) build()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e6
}

function parseAndStringify(): void {
  const lines = plain.frame.batch.bytes.toString('utf8').split('\n')
  let text = ''
  for (let i = 0; i < perSend; i++) {
    const record = { '@timestamp': new Date().toISOString(), ...JSON.parse(lines[i]) }
    text += `{"create":{}}\n${JSON.stringify(record)}\n`
  }
  Buffer.from(text)
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
    origin: { input: 'tail', path: '/var/log/app.log', tag: 'tail' },
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
