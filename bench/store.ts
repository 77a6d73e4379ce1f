/** bench/store [RECORDS]: records into the embedded store through its output, and searches in it. CPU is that of both threads. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../src/kernel/clock/system.ts'
import { fakeHost } from '../src/kernel/host-fake.ts'
import { parseCondition } from '../src/modules/logs/condition/parse.ts'
import type { StoreConfig } from '../src/modules/logs/outputs/store/config.ts'
import { openStore } from '../src/modules/logs/outputs/store/output.ts'
import { type Search, StoreReader } from '../src/modules/logs/outputs/store/search.ts'
import { accessLines } from './access-lines.ts'
import { table } from './support/table.ts'

const records = Number(process.argv[2] ?? 200_000)
const PER_FRAME = 2000
const lines = accessLines(PER_FRAME)
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

const rows: string[][] = []
for (const fullText of ['none', 'message', 'record'] as const) rows.push(await write(fullText))
process.stdout.write(
  `${table(['fullText', 'records/s', 'CPU µs/record', 'main thread µs/record', 'longest hold ms', 'input MB', 'file MB'], rows)}\n`,
)

async function write(fullText: StoreConfig['fullText']): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
  const path = join(folder, 'logs.db')
  const host = fakeHost({ clock: systemClock(), dataDir: folder })
  const config = {
    path,
    fullText,
    maxSizeBytes: 2 ** 40,
    maxAgeMs: Number.MAX_SAFE_INTEGER,
    flushIntervalMs: 500,
  }
  const output = await openStore(config, {
    ...host,
    name: 'store',
    id: 'store',
    key: '',
    spoolId: 'bench',
    invalidUtf8: { inc() {} },
  })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const timesMs = new Float64Array(PER_FRAME).fill(host.clock.now())
  const started = performance.now()
  const [cpu, main] = [process.cpuUsage(), process.threadCpuUsage()]
  delay.enable()
  for (let sequence = 1; sequence <= records / PER_FRAME; sequence++) {
    const frame = { sequence, batch: { ...lines, timesMs } }
    const outcome = await output.send([{ frame, from: 0, to: PER_FRAME }], host.signal)
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  }
  delay.disable()
  const seconds = (performance.now() - started) / 1000
  const used = process.cpuUsage(cpu)
  const usedHere = process.threadCpuUsage(main)
  await host.close()
  const row = [
    fullText,
    Math.round(records / seconds).toLocaleString('en'),
    ((used.user + used.system) / records).toFixed(1),
    ((usedHere.user + usedHere.system) / records).toFixed(2),
    (delay.max / 1e6).toFixed(1),
    megabytes((lines.bytes.length * records) / PER_FRAME),
    megabytes(statSync(path).size),
  ]
  if (fullText === 'record') search(path)
  rmSync(folder, { recursive: true })
  return row
}

function search(path: string): void {
  using reader = new StoreReader(path)
  const parsed = parseCondition('status >= 500 and path contains "orders"')
  if ('problem' in parsed) throw new Error(parsed.problem)
  const searches: [name: string, search: Search][] = [
    ['the newest 100', {}],
    ['a condition', { condition: parsed.condition }],
    ['a frequent word', { text: 'orders' }],
    ['a rare word', { text: 'nowhere' }],
  ]
  const timed = (work: () => unknown) => {
    const started = performance.now()
    work()
    return (performance.now() - started).toFixed(1)
  }
  const results = searches.map(([name, search]) => [
    name,
    timed(() => reader.find(search, 100)),
    timed(() => reader.count(search)),
  ])
  process.stdout.write(`${table([`search in ${records} records`, 'newest 100 ms', 'count ms'], results)}\n\n`)
}
