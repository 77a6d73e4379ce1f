import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bed } from './bed.fake.ts'

/** An application that writes numbered lines, and what may happen to its file. */
class World {
  readonly bed: Bed
  #written = 0
  #rotations = 0
  #open = ''

  constructor(paths: readonly string[]) {
    this.bed = new Bed({ paths, readBytes: 64 })
    writeFileSync(this.#log, '')
  }

  get #log(): string {
    return this.bed.path('app.log')
  }

  get written(): string[] {
    return Array.from({ length: this.#written }, (_, i) => lineOf(i))
  }

  write(count: number): void {
    this.#end()
    let text = ''
    for (let i = 0; i < count; i++) text += `${lineOf(this.#written++)}\n`
    appendFileSync(this.#log, text)
  }

  /** The line is finished by the next write. */
  writeHalf(): void {
    this.#end()
    const line = lineOf(this.#written++)
    appendFileSync(this.#log, line.slice(0, 3))
    this.#open = `${line.slice(3)}\n`
  }

  rename(): void {
    this.#end()
    this.#shift()
    renameSync(this.#log, this.bed.path('app.log.1'))
    writeFileSync(this.#log, '')
  }

  copyTruncate(): void {
    this.#end()
    this.#shift()
    copyFileSync(this.#log, this.bed.path('app.log.1'))
    truncateSync(this.#log)
  }

  #end(): void {
    if (this.#open) appendFileSync(this.#log, this.#open)
    this.#open = ''
  }

  finish(): void {
    this.#end()
  }

  #shift(): void {
    for (let i = this.#rotations++; i > 0; i--) {
      const from = this.bed.path(`app.log.${i}`)
      if (existsSync(from)) renameSync(from, this.bed.path(`app.log.${i + 1}`))
    }
  }
}

function lineOf(i: number): string {
  return `line ${i} ${'x'.repeat((i * 37) % 90)}`
}

type Step =
  | { readonly do: 'write'; readonly count: number }
  | {
      readonly do:
        | 'half'
        | 'rename'
        | 'copytruncate'
        | 'look'
        | 'idle'
        | 'restart'
        | 'crash'
        | 'block'
        | 'refuse'
    }

async function run(world: World, step: Step): Promise<void> {
  const { bed } = world
  switch (step.do) {
    case 'write':
      return world.write(step.count)
    case 'half':
      return world.writeHalf()
    case 'rename':
      return world.rename()
    case 'copytruncate':
      return world.copyTruncate()
    case 'look':
      return bed.tail.poll()
    case 'idle':
      bed.release()
      bed.host.clock.advance(1000)
      return bed.round()
    case 'restart':
      bed.release()
      await bed.round()
      return bed.restart()
    case 'crash':
      return bed.restart()
    case 'block':
      return bed.block()
    case 'refuse':
      return bed.refuse(1)
  }
}

async function everythingArrives(paths: readonly string[], steps: readonly Step[], exactlyOnce: boolean) {
  const world = new World(paths)
  const { bed } = world
  try {
    await bed.start()
    for (const step of steps) await run(world, step)
    world.finish()
    bed.release()
    bed.refuse(0)
    for (let i = 0; i < 4; i++) {
      bed.host.clock.advance(1000)
      await bed.round()
    }
    const got = bed.texts
    const missing = world.written.filter(line => !got.includes(line))
    assert.deepEqual(missing, [], 'lost')
    if (exactlyOnce) assert.deepEqual([...got].sort(), [...world.written].sort())
    else
      assert.deepEqual(
        got.filter(line => !world.written.includes(line)),
        [],
        'made up',
      )
  } finally {
    await bed.close()
  }
}

const write = fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 12 }) })
const step = (...names: Exclude<Step['do'], 'write'>[]) =>
  fc.constantFrom(...names.map(name => ({ do: name }) as Step))
const options = { numRuns: 3000, interruptAfterTimeLimit: 60_000 }

for (const paths of [['app.log'], ['app.log*']]) {
  const steps = (...names: Exclude<Step['do'], 'write'>[]) =>
    fc.array(fc.oneof({ weight: 2, arbitrary: write }, { weight: 3, arbitrary: step(...names) }), {
      maxLength: 25,
    })

  test(`${paths}: whatever happens between appends, renames, looks and clean restarts, every line arrives once`, async () => {
    const all = steps('half', 'rename', 'look', 'idle', 'restart', 'block')
    await fc.assert(
      fc.asyncProperty(all, each => everythingArrives(paths, each.flatMap(lookAfter), true)),
      options,
    )
  })

  test(`${paths}: with crashes and refusals nothing is lost`, async () => {
    const all = steps('half', 'rename', 'look', 'idle', 'restart', 'crash', 'block', 'refuse')
    await fc.assert(
      fc.asyncProperty(all, each => everythingArrives(paths, each.flatMap(lookAfter), false)),
      options,
    )
  })

  test(`${paths}: copytruncate loses nothing while its copy is there`, async () => {
    const all = steps('half', 'copytruncate', 'look', 'idle', 'restart', 'crash', 'block')
    await fc.assert(
      fc.asyncProperty(all, each => everythingArrives(paths, each.flatMap(idleAfter), false)),
      options,
    )
  })
}

/** Renaming may happen at any time; that two renames lie less than a clock's tick apart, in which no file's age tells them apart, may not. */
function lookAfter(step: Step): Step[] {
  return step.do === 'rename' ? [step, { do: 'look' }] : [step]
}

function idleAfter(step: Step): Step[] {
  return step.do === 'copytruncate' ? [step, { do: 'idle' }] : [step]
}
