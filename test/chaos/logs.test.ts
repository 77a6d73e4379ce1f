import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { badDay } from '../fakes/faults.ts'
import { eventually, grown, Ledger, SidecarProcess, startWriter } from './processes.ts'

const KILLS = Number(process.env.CHAOS_KILLS ?? 25)
const SEED = Number(process.env.CHAOS_SEED ?? (Date.now() % 1e9) + 1)
const PLAIN = 'logs-plain-chaos'
const WITH_IDS = 'logs-ids-chaos'

interface World {
  readonly logs: string
  readonly data: string
  readonly receiver: Awaited<ReturnType<typeof startFakeElasticsearch>>
  readonly ledgers: Readonly<Record<string, Ledger>>
  readonly sidecar: SidecarProcess
}

/** A receiver that notes every number it stores, and a sidecar that ships to two of its data streams. */
async function world(t: TestContext, dataFolder?: string): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-chaos-'))
  const logs = join(folder, 'logs')
  const data = dataFolder ?? join(folder, 'data')
  mkdirSync(logs)
  const ledgers: Record<string, Ledger> = { [PLAIN]: new Ledger(), [WITH_IDS]: new Ledger() }
  const receiver = await startFakeElasticsearch({
    onDocument: ({ index, source }) => ledgers[index].add(source['n'] as number),
  })
  const configFile = join(folder, 'outrigger.yaml')
  writeFileSync(
    configFile,
    `admin: { listen: "127.0.0.1:0" }
dataDir: ${data}
logs:
  inputs:
    - tail: { paths: ["${logs}/app.log*"], format: json, time: { field: time }, rotateWait: 1s }
  steps:
    - add: { fields: { service: chaos } }
  outputs:
    - elasticsearch: { url: "${receiver.url}", dataStream: ${PLAIN}, timeout: 2s, flushInterval: 100ms }
    - elasticsearch: { url: "${receiver.url}", dataStream: ${WITH_IDS}, ids: position, timeout: 2s, flushInterval: 100ms }
  spool: { segment: 512KiB }
  retry: { base: 20ms, max: 500ms }
`,
  )
  const sidecar = new SidecarProcess(configFile)
  t.after(async () => {
    await sidecar.signal('SIGKILL')
    await receiver.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  return { logs, data, receiver, ledgers, sidecar }
}

/** Everything that was written has arrived at both streams; tells the counts. */
async function settle(t: TestContext, { ledgers, sidecar, receiver }: World, lines: number): Promise<void> {
  const all = Object.values(ledgers)
  await grown(() => all.reduce((sum, ledger) => sum + ledger.distinct, 0), all.length * lines)
  const counts = Object.entries(ledgers).map(([index, ledger]) => {
    const missing = ledger.missing(lines)
    t.diagnostic(
      `${index}: lines written ${lines}, delivered ${ledger.distinct}, lost ${missing.length}, duplicated ${ledger.duplicates}`,
    )
    return { index, missing: missing.slice(0, 20) }
  })
  const expected = Object.keys(ledgers).map(index => ({ index, missing: [] }))
  assert.deepEqual(counts, expected, `the sidecar's log ends with:\n${sidecar.logTail}`)
  assert.equal(ledgers[WITH_IDS].duplicates, 0, 'a record with an id of its own is stored once')
  assert.equal(receiver.counts.malformed, 0)
}

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

test(`loses no line while it is killed ${KILLS} times, files rotate and the receiver has a bad day`, async t => {
  const chaos = await world(t)
  t.diagnostic(`seed ${SEED}`)
  const bad = badDay(0.35, SEED)
  chaos.receiver.faults.chaos = bad
  const writer = startWriter(chaos.logs, 3000, 150_000)
  for (let kill = 0; kill < KILLS; kill++) {
    chaos.sidecar.start()
    // Every fifth is killed well into the flow, however slow the machine; the others at any moment of their start.
    const before = chaos.ledgers[PLAIN].distinct
    if (kill % 5 === 0) await eventually('lines flow', 60_000, () => chaos.ledgers[PLAIN].distinct > before)
    await wait(100 + Math.random() * 1500)
    assert.equal(
      await chaos.sidecar.signal('SIGKILL'),
      'SIGKILL',
      `it ended by itself:\n${chaos.sidecar.logTail}`,
    )
    // Now and then nobody is there for a while.
    if (kill % 7 === 3) await wait(700)
  }
  chaos.sidecar.start()
  await wait(1000)
  const { lines, rotations } = await writer.end()
  assert.ok(rotations > 10, `the file rotated ${rotations} times`)
  chaos.receiver.faults.clear()
  await settle(t, chaos, lines)
})

test('loses no line while its disk is full, the receiver is away and it is killed in between', async t => {
  const disk = mkdtempSync(join(tmpdir(), 'outrigger-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk], { stdio: 'ignore' })
  } catch {
    t.skip('a small file system needs root and mount')
    return
  }
  t.after(() => {
    execFileSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true, maxRetries: 9 })
  })
  const chaos = await world(t, disk)
  chaos.receiver.faults.chaos = () => ({ kind: 'status', status: 503 })
  const writer = startWriter(chaos.logs, 20_000, 1_000_000)
  chaos.sidecar.start()
  // What does not fit leaves as much free as one frame has bytes.
  const isFull = () => chaos.sidecar.logTail.includes('ENOSPC')
  await eventually('the sidecar meets the full disk', 120_000, isFull)
  for (let kill = 0; kill < 5; kill++) {
    await wait(300 + Math.random() * 1000)
    assert.equal(
      await chaos.sidecar.signal('SIGKILL'),
      'SIGKILL',
      `it ended by itself:\n${chaos.sidecar.logTail}`,
    )
    chaos.sidecar.start()
  }
  await wait(1000)
  const { lines } = await writer.end()
  chaos.receiver.faults.clear()
  await settle(t, chaos, lines)
})
