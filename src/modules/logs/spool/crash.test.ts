import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Batch } from '../batch.ts'
import { fakeBatch, recordsOf } from './batch-fake.ts'
import type { Spool, SpoolOptions } from './spool.ts'
import { spoolFixture } from './spool-fake.ts'

/** Sources are lists of numbered records that can be read again from the spool's position, as files can. */
const SOURCES = 3
const OPTIONS = {
  readers: ['a', 'b'],
  segmentBytes: 64 * 1024,
  maxBytes: 100 * 1024 * 1024,
  memoryBytes: 60_000,
}

type Step =
  | { readonly kind: 'append'; readonly source: number; readonly records: number; readonly size: number }
  | { readonly kind: 'take'; readonly reader: 'a' | 'b'; readonly frames: number; readonly partly: boolean }
  | {
      readonly kind: 'crash'
      readonly torn: number
      readonly flips: readonly { readonly at: number; readonly bits: number }[]
    }

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        source: fc.nat({ max: SOURCES - 1 }),
        records: fc.nat({ max: 6 }),
        size: fc.nat({ max: 9000 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('take' as const),
        reader: fc.constantFrom('a' as const, 'b' as const),
        frames: fc.nat({ max: 8 }),
        partly: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        torn: fc.nat({ max: 30_000 }),
        flips: fc.array(fc.record({ at: fc.nat({ max: 2 ** 30 }), bits: fc.integer({ min: 1, max: 255 }) }), {
          maxLength: 2,
        }),
      }),
    },
  ),
  { maxLength: 60 },
)

test('whatever is appended, acknowledged, torn and damaged, every reader gets every record of sources that can be read again', async t => {
  const fixture = await spoolFixture(t)
  let run = 0
  await fc.assert(
    fc.asyncProperty(steps, async script => {
      const world = new World(join(fixture.folder, '..', `run${++run}`), options =>
        fixture.open({ ...OPTIONS, ...options }),
      )
      await world.start()
      for (const step of script) await world.step(step)
      await world.finish()
    }),
    { numRuns: process.env['CI'] === 'true' ? 150 : 60, endOnFailure: false },
  )
})

class World {
  readonly #root: string
  readonly #open: (options: Partial<SpoolOptions>) => Promise<Spool>
  #spool!: Spool
  #folder = ''
  #crashes = 0
  /** Every record that each source has, in order. */
  readonly #written: string[][] = Array.from({ length: SOURCES }, () => [])
  readonly #stuck = new Set<string>()
  readonly #delivered = { a: new Set<string>(), b: new Set<string>() }

  constructor(root: string, open: (options: Partial<SpoolOptions>) => Promise<Spool>) {
    this.#root = root
    this.#open = open
  }

  async start(): Promise<void> {
    this.#folder = join(this.#root, String(this.#crashes))
    this.#spool = await this.#open({ folder: this.#folder })
    this.#stuck.clear()
    for (let source = 0; source < SOURCES; source++) await this.#readSource(source)
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'append') await this.#append(step)
    else if (step.kind === 'take') await this.#take(step.reader, step.frames, step.partly)
    else await this.#crash(step)
  }

  async finish(): Promise<void> {
    await this.#crash({ kind: 'crash', torn: 0, flips: [] })
    for (const reader of ['a', 'b'] as const) {
      await this.#take(reader, Number.POSITIVE_INFINITY, false)
      const missing = this.#written.flat().filter(record => !this.#delivered[reader].has(record))
      assert.deepEqual(missing, [], `reader ${reader} did not get these`)
      assert.equal(this.#spool.reader(reader).unsent().records, 0)
    }
    await this.#spool[Symbol.asyncDispose]()
  }

  async #append({ source, records, size }: Step & { kind: 'append' }): Promise<void> {
    const written = this.#written[source]!
    for (let n = 0; n < records; n++) written.push(`${source}:${written.length}:${'x'.repeat(size)}`)
    await this.#readSource(source)
  }

  /** What a tail does: reads on from the position that the spool knows. */
  async #readSource(source: number): Promise<void> {
    const from = this.#spool.position(`s${source}`)?.offset ?? 0
    const records = this.#written[source]!.slice(from)
    if (records.length > 0) await this.#spool.append(batchOf(source, records, from))
  }

  async #take(name: 'a' | 'b', frames: number, partly: boolean): Promise<void> {
    const reader = this.#spool.reader(name)
    for (let n = 0; n < frames; n++) {
      const slice = await reader.take()
      if (!slice) return
      const records = recordsOf(slice)
      for (const [index, record] of records.entries())
        this.#check(slice.frame.batch, slice.from + index, record)
      const stopsHere = partly && n === frames - 1
      const done = stopsHere ? records.length >> 1 : records.length
      for (const record of records.slice(0, done)) this.#delivered[name].add(record)
      if (this.#stuck.has(name)) continue
      reader.ack(slice.frame.sequence, stopsHere ? slice.from + done : undefined)
      // The rest of this frame comes again after a crash only, so nothing behind it is acknowledged.
      if (stopsHere) this.#stuck.add(name)
    }
  }

  /** A delivered record is one that its source has, at the place that its batch says. */
  #check({ origin, count }: Batch, index: number, record: string): void {
    const source = Number(origin.position!.file.slice(1))
    assert.equal(record, this.#written[source]![origin.position!.offset - count + index])
  }

  async #crash({ torn, flips }: Step & { kind: 'crash' }): Promise<void> {
    const from = this.#folder
    this.#crashes++
    const to = join(this.#root, String(this.#crashes))
    copyAtOnce(from, to)
    await this.#spool[Symbol.asyncDispose]()
    await damage(to, torn, flips)
    await this.start()
  }
}

function batchOf(source: number, records: string[], from: number): Batch {
  return fakeBatch(records, { file: `s${source}`, path: `/${source}.log`, offset: from + records.length })
}

/** In one turn of the loop, so that the copy is a state that a crash could leave: at most the deletion under way happens. */
function copyAtOnce(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    if (name === 'lock') continue
    try {
      copyFileSync(join(from, name), join(to, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

async function damage(
  folder: string,
  torn: number,
  flips: readonly { at: number; bits: number }[],
): Promise<void> {
  const segments = (await readdir(folder)).filter(name => name.endsWith('.seg')).sort()
  const newest = segments.at(-1)
  if (!newest) return
  const size = (await readFile(join(folder, newest))).length
  await truncate(join(folder, newest), Math.max(0, size - torn))
  for (const { at, bits } of flips) {
    const path = join(folder, segments[at % segments.length]!)
    const bytes = await readFile(path)
    if (bytes.length === 0) continue
    bytes[at % bytes.length]! ^= bits
    await writeFile(path, bytes)
  }
}
