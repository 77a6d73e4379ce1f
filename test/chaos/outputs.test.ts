import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { destinations } from '../outputs/all.ts'
import type { Destination } from '../outputs/destination.ts'
import { Ledger, SidecarProcess, startWriter } from './processes.ts'

const KILLS = Number(process.env.CHAOS_OUTPUT_KILLS ?? 3)
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** Several at once: they mostly wait. */
describe('no line is lost on its way', { concurrency: 4 }, () => {
  for (const destination of destinations) {
    const { kind, name = kind, missing } = destination
    test(`to ${name}, while the sidecar is killed and the peer goes away`, { skip: missing ?? false }, t =>
      survive(t, destination),
    )
  }
})

async function survive(t: TestContext, { kind, start }: Destination): Promise<void> {
  const { options, arrived, peer } = await start(t)
  const folder = mkdtempSync(join(tmpdir(), `outrigger-chaos-${kind}-`))
  const logs = join(folder, 'logs')
  mkdirSync(logs)
  const configFile = join(folder, 'outrigger.yaml')
  // JSON is YAML, too.
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'data'),
    logs: {
      inputs: [{ tail: { paths: [`${logs}/app.log*`], format: 'json', rotateWait: '1s' } }],
      outputs: [{ [kind]: options }],
      spool: { segment: '256KiB' },
      retry: { base: '20ms', max: '500ms' },
    },
  }
  writeFileSync(configFile, JSON.stringify(config))
  const sidecar = new SidecarProcess(configFile)
  const writer = startWriter(logs, 800, 60_000)
  t.after(async () => {
    await sidecar.signal('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  for (let kill = 0; kill < KILLS; kill++) {
    sidecar.start()
    // In every other life lines have certainly flowed.
    const before = (await arrived()).length
    if (kill % 2 === 0) await untilMore(arrived, before)
    await wait(200 + Math.random() * 800)
    if (peer && kill === 0) {
      await peer.away()
      await wait(500)
    }
    assert.equal(await sidecar.signal('SIGKILL'), 'SIGKILL', `it ended by itself:\n${sidecar.logTail}`)
    if (peer && kill === 0) {
      sidecar.start()
      await wait(700)
      await peer.back()
      await sidecar.signal('SIGKILL')
    }
  }
  sidecar.start()
  await wait(500)
  const { lines } = await writer.end()
  const ledger = await settled(arrived, lines)
  const missing = ledger.missing(lines)
  t.diagnostic(
    `${kind}: lines written ${lines}, delivered ${ledger.distinct}, lost ${missing.length}, duplicated ${ledger.duplicates}`,
  )
  assert.deepEqual(missing.slice(0, 20), [], `the sidecar's log ends with:\n${sidecar.logTail}`)
  assert.equal(ledger.distinct, lines, 'and nothing else arrives')
}

async function untilMore(arrived: () => Promise<number[]>, before: number): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; await wait(100))
    if ((await arrived().catch(() => [])).length > before) return
}

/** What arrived once everything has, or when a minute is over. */
async function settled(arrived: () => Promise<number[]>, lines: number): Promise<Ledger> {
  for (const end = performance.now() + 60_000; ; await wait(200)) {
    const ledger = new Ledger()
    for (const n of await arrived()) ledger.add(n)
    if (ledger.distinct >= lines || performance.now() > end) return ledger
  }
}
