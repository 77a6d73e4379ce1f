import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type FakeHost, fakeHost } from '../../../../kernel/host-fake.ts'
import { LentMemory } from '../../lent-memory.ts'
import type { Lines } from '../../lines.ts'
import { ByteBudget } from '../byte-budget.ts'
import type { KnownPosition } from '../input.ts'
import { type TailConfig, tailConfig } from './config.ts'
import { type FileLayer, nodeFiles } from './layer.ts'
import { startTail, type Tail } from './tail.ts'

export interface Received {
  readonly text: string
  readonly path: string
  readonly piece: boolean
}

export interface BedOptions {
  readonly paths?: readonly string[]
  readonly config?: Readonly<Record<string, unknown>>
  readonly readBytes?: number
  readonly tag?: string
  readonly layer?: FileLayer
}

/** A folder, a tail over it, and a sink that records, can wait, refuse, and lose everything that is not safe. */
export class Bed {
  readonly folder: string
  readonly received: Received[] = []
  readonly positions = new Map<string, KnownPosition>()
  /** Files that other inputs read, and which. */
  readonly claims = new Map<string, string>()
  readonly calls: Lines[] = []
  readonly announced: Lines[] = []
  readonly #options: BedOptions
  host!: FakeHost
  tail!: Tail
  #gate: PromiseWithResolvers<void> | undefined
  #refusals = 0
  #life = 0

  constructor(options: BedOptions = {}) {
    this.#options = options
    this.folder = mkdtempSync(join(tmpdir(), 'tail-'))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text)
  }

  config(): TailConfig {
    const paths = (this.#options.paths ?? ['app.log']).map(path => this.path(path))
    const decoded = tailConfig.decode({ paths, ...this.#options.config })
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
    return decoded.value
  }

  async start(): Promise<void> {
    const life = ++this.#life
    this.host = fakeHost({ name: 'logs' })
    const positions = {
      get: (file: string) => this.positions.get(file),
      claim: (file: string) => this.claims.get(file),
      forget: (file: string) => this.forget(file),
    }
    this.tail = await startTail(
      this.config(),
      {
        ...this.host,
        name: 'tail',
        key: 'logs.inputs[0].tail',
        tag: path => this.#options.tag ?? path,
        positions,
        sink: lines => this.#sink(lines, life),
        readBytes: this.#options.readBytes ?? 4096,
        // Calls are looked at when they are over.
        memory: new LentMemory(this.#options.readBytes ?? 4096, 0),
        budget: new ByteBudget(0),
      },
      this.#options.layer ?? nodeFiles(),
    )
  }

  forget(file: string): void {
    this.positions.delete(file)
  }

  /** The end of the process: what is with the sink never becomes safe. */
  async crash(): Promise<void> {
    this.#life++
    await this.host.close()
    this.release()
  }

  async restart(): Promise<void> {
    await this.crash()
    await this.start()
  }

  /** Looks once and lets everything that was found reach the sink. */
  async round(): Promise<void> {
    await this.tail.poll()
    await this.tail.settled()
  }

  /** As many rounds as a rotated file needs to be let go. */
  async expireRotated(): Promise<void> {
    await this.round()
    this.host.clock.advance(this.config().rotateWaitMs)
    await this.round()
    await this.round()
  }

  /** From now on the sink waits until `release`. */
  block(): void {
    this.#gate ??= Promise.withResolvers()
  }

  release(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }

  refuse(times: number): void {
    this.#refusals = times
  }

  count(name: string): number | undefined {
    return this.host.metric(`tail_${name}`, { input: 'tail' })
  }

  async close(): Promise<void> {
    this.release()
    await this.host?.close()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 9 })
  }

  async #sink(lines: Lines, life: number): Promise<void> {
    // A new file is announced by its position alone.
    if (lines.count > 0) this.calls.push(lines)
    else this.announced.push(lines)
    await this.#gate?.promise
    if (life !== this.#life) throw new Error('crashed')
    if (this.#refusals > 0) {
      this.#refusals--
      throw new Error('refused')
    }
    for (let i = 0; i < lines.count; i++) {
      const text = lines.bytes.toString('utf8', lines.starts[i], lines.ends[i])
      this.received.push({
        text,
        path: lines.origin.path.slice(this.folder.length + 1),
        piece: lines.pieces?.[i] === 1,
      })
    }
    const { position } = lines.origin
    if (position) this.positions.set(position.file, { ...position, path: lines.origin.path })
  }
}

export async function bed(
  t: TestContext,
  options: BedOptions & { before?: (bed: Bed) => void } = {},
): Promise<Bed> {
  const made = new Bed(options)
  t.after(() => made.close())
  options.before?.(made)
  await made.start()
  await made.tail.settled()
  return made
}

export function folderIn(made: Bed, name: string): string {
  const path = made.path(name)
  mkdirSync(path, { recursive: true })
  return path
}
