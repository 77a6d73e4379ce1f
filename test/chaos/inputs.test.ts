import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { freePort } from '../fakes/free-port.ts'
import { sources } from '../inputs/all.ts'
import type { Source } from '../inputs/source.ts'
import { Ledger, SidecarProcess } from './processes.ts'

const KILLS = Number(process.env.CHAOS_INPUT_KILLS ?? 3)
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('what a sender was told is safe is not lost', { concurrency: 3 }, () => {
  for (const source of sources)
    test(`by ${source.name ?? source.kind}, while the sidecar is killed`, t => survive(t, source))
})

async function survive(t: TestContext, source: Source): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `outrigger-chaos-${source.kind}-`))
  const out = join(folder, 'out.ndjson')
  const port = await freePort()
  const configFile = join(folder, 'outrigger.yaml')
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'data'),
    logs: {
      inputs: [{ [source.kind]: source.options(port) }],
      outputs: [{ file: { path: out, flushInterval: '50ms' } }],
      spool: { segment: '256KiB' },
    },
  }
  writeFileSync(configFile, JSON.stringify(config))
  const sidecar = new SidecarProcess(configFile)
  t.after(async () => {
    await sidecar.signal('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const sender = new Sender(source, port)
  t.after(() => sender.stop())
  const sending = sender.run()
  for (let kill = 0; kill < KILLS; kill++) {
    sidecar.start()
    await sender.untilMore(sidecar)
    await wait(Math.random() * 300)
    assert.equal(await sidecar.signal('SIGKILL'), 'SIGKILL', `it ended by itself:\n${sidecar.logTail}`)
  }
  sidecar.start()
  await sender.untilMore(sidecar)
  sender.stop()
  await sending
  const ledger = await settled(out, sender.safe)
  const missing = sender.safe.filter(n => !ledger.has(n))
  t.diagnostic(
    `${source.name ?? source.kind}: acknowledged ${sender.safe.length}, lost ${missing.length}, written ${ledger.distinct}, duplicated ${ledger.duplicates}`,
  )
  assert.deepEqual(missing.slice(0, 20), [], `the sidecar's log ends with:\n${sidecar.logTail}`)
}

/** Sends numbers, several requests at a time, and remembers those that were acknowledged; the others are never sent again. */
class Sender {
  readonly safe: number[] = []
  readonly #source: Source
  readonly #port: number
  #next = 0
  #stopped = false

  constructor(source: Source, port: number) {
    this.#source = source
    this.#port = port
  }

  async run(): Promise<void> {
    await Promise.all([this.#work(), this.#work(), this.#work()])
  }

  stop(): void {
    this.#stopped = true
  }

  /** Until something was acknowledged since. */
  async untilMore(sidecar: SidecarProcess): Promise<void> {
    const before = this.safe.length
    for (const end = performance.now() + 60_000; performance.now() < end; await wait(20))
      if (this.safe.length > before) return
    assert.fail(`nothing was acknowledged for a minute:\n${sidecar.logTail}`)
  }

  async #work(): Promise<void> {
    while (!this.#stopped) {
      const numbers = Array.from({ length: 50 }, () => this.#next++)
      const isSafe = await this.#source.send(this.#port, numbers).catch(() => false)
      if (isSafe) this.safe.push(...numbers)
      else await wait(20)
    }
  }
}

/** What was written once all that is safe was, or when a minute is over. */
async function settled(path: string, safe: readonly number[]): Promise<Ledger> {
  for (const end = performance.now() + 60_000; ; await wait(200)) {
    const ledger = new Ledger()
    for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) ledger.add(JSON.parse(line).n)
    if (safe.every(n => ledger.has(n)) || performance.now() > end) return ledger
  }
}
