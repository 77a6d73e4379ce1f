/**
 * bench/tail: what following files costs alone, with a sink that takes everything at once.
 * Reading: one file of 236-byte lines that is there at the start, MB per CPU-second.
 * Following: a writer of its own appends a few lines at a time; CPU of tail per second.
 * Idle: ten files that nobody writes to; CPU per minute.
 *
 *   node bench/tail.ts [--lines 1000000] [--rounds 3] [--seconds 5] [--idle 20]
 */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/kernel/clock/system.ts'
import { fakeHost } from '../src/kernel/host-fake.ts'
import { ByteBudget } from '../src/modules/logs/inputs/byte-budget.ts'
import { tailConfig } from '../src/modules/logs/inputs/tail/config.ts'
import { startTail, type Tail } from '../src/modules/logs/inputs/tail/tail.ts'
import { LentMemory } from '../src/modules/logs/lent-memory.ts'
import type { LineSink } from '../src/modules/logs/lines.ts'
import { accessLines } from './access-lines.ts'
import { memory } from './support/proc.ts'
import { table } from './support/table.ts'

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    idle: { type: 'string', default: '20' },
  },
})
const folder = mkdtempSync(join(tmpdir(), 'bench-tail-'))

async function withTail<T>(paths: string, sink: LineSink, work: (tail: Tail) => Promise<T>): Promise<T> {
  const host = fakeHost({ name: 'logs', clock: systemClock() })
  const decoded = tailConfig.decode({ paths: [paths] })
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const positions = { get: () => undefined, claim: () => undefined, forget: () => {} }
  try {
    return await work(
      await startTail(decoded.value, {
        ...host,
        name: 'tail',
        key: 'logs.inputs[0].tail',
        tag: () => 'tail',
        positions,
        sink,
        readBytes: 256 * 1024,
        memory: new LentMemory(260 * 1024, 16 << 20),
        budget: new ByteBudget(0),
      }),
    )
  } finally {
    await host.close()
  }
}

function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

async function reading(): Promise<string[]> {
  const path = join(folder, 'reading.log')
  const block = accessLines(10_000).bytes
  writeFileSync(path, '')
  for (let i = 0; i < Number(values.lines) / 10_000; i++) appendFileSync(path, block)
  let lines = 0
  let bytes = 0
  const sink: LineSink = async ({ count, origin }) => {
    lines += count
    bytes = origin.position!.offset
  }
  let best = 0
  for (let round = 0; round < Number(values.rounds); round++) {
    lines = 0
    const since = process.cpuUsage()
    await withTail(path, sink, tail => tail.settled())
    best = Math.max(best, bytes / 1000 / cpuMs(since))
  }
  const { rssMb, privateMb } = memory(process.pid)
  return [
    `reading ${lines} lines of ${Math.round(bytes / lines)} bytes`,
    `${best.toFixed(0)} MB per CPU-second; then ${rssMb.toFixed(0)} MB RSS, ${privateMb.toFixed(0)} MB private`,
  ]
}

/** One write(2) per line, as applications do it. */
const WRITER = `
const fs = require('node:fs')
const fd = fs.openSync(process.argv[1], 'a')
const line = 'x'.repeat(235) + '\\n'
setInterval(() => { for (let i = 0; i < Number(process.argv[2]) / 100; i++) fs.writeSync(fd, line) }, 10)
`

async function following(linesPerSecond: number): Promise<string[]> {
  const path = join(folder, `following-${linesPerSecond}.log`)
  writeFileSync(path, '')
  let lines = 0
  let calls = 0
  const sink: LineSink = async ({ count }) => {
    lines += count
    if (count > 0) calls++
  }
  return await withTail(path, sink, async () => {
    const writer = spawn(process.execPath, ['-e', WRITER, path, String(linesPerSecond)])
    await sleep(1000)
    lines = 0
    calls = 0
    const since = process.cpuUsage()
    const seconds = Number(values.seconds)
    await sleep(seconds * 1000)
    const used = cpuMs(since)
    writer.kill()
    const rate = Math.round(lines / seconds)
    return [
      `following a writer of ${linesPerSecond} lines/s`,
      `${(used / seconds).toFixed(1)} ms CPU per second at ${rate} lines/s in ${Math.round(calls / seconds)} batches`,
    ]
  })
}

async function idle(): Promise<string[]> {
  for (let i = 0; i < 10; i++) writeFileSync(join(folder, `idle-${i}.log`), 'a line\n')
  return await withTail(
    join(folder, 'idle-*.log'),
    async () => {},
    async tail => {
      await tail.settled()
      await sleep(8000)
      const since = process.cpuUsage()
      const seconds = Number(values.idle)
      await sleep(seconds * 1000)
      return ['idle, 10 files', `${((cpuMs(since) * 60) / seconds).toFixed(0)} ms CPU per minute`]
    },
  )
}

try {
  const rows = [await reading(), await following(100), await following(10_000), await idle()]
  process.stdout.write(`${table(['tail alone', 'cost'], rows)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
