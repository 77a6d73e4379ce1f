import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import { recordsOf } from './batch-fake.ts'
import type { SpoolReader } from './reader.ts'
import { openSpool, type Spool, type SpoolOptions } from './spool.ts'

/** A real spool in a temporary folder that can be closed, crashed and opened again. */
export interface SpoolFixture {
  readonly folder: string
  readonly host: FakeHost<ReturnType<typeof systemClock>>
  open(options?: Partial<SpoolOptions>): Promise<Spool>
  /** A copy of the folder as a crash would leave it now. */
  crashCopy(): Promise<string>
}

export async function spoolFixture(test: TestContext): Promise<SpoolFixture> {
  const root = await mkdtemp(join(tmpdir(), 'outrigger-spool-'))
  const host = fakeHost({ clock: systemClock() })
  const opened = new Set<Spool>()
  test.after(async () => {
    for (const spool of opened) await spool[Symbol.asyncDispose]()
    await host.close()
    await rm(root, { recursive: true, force: true, maxRetries: 9 })
  })
  const folder = join(root, 'spool')
  let copies = 0
  return {
    folder,
    host,
    async open(options = {}) {
      const { clock, metrics, log, signal } = host
      const spool = await openSpool({
        folder,
        readers: ['out'],
        memoryBytes: 1 << 20,
        clock,
        metrics,
        log,
        signal,
        ...options,
      })
      opened.add(spool)
      return spool
    },
    async crashCopy() {
      const to = join(root, `copy${++copies}`)
      await cp(folder, to, { recursive: true, filter: path => !/lock$/.test(path) })
      return to
    },
  }
}

/** Takes and acknowledges all that is there; returns the records. */
export async function takeAll(reader: SpoolReader): Promise<string[]> {
  const records: string[] = []
  for (let slice = await reader.take(); slice; slice = await reader.take()) {
    for (const record of recordsOf(slice)) records.push(record)
    reader.ack(slice.frame.sequence)
  }
  return records
}
