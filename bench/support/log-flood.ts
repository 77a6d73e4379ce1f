import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accessLines } from '../access-lines.ts'
import { goesWithBench, ownFolder } from './programs.ts'

const LINES_PER_FILE = 400_000
/** So many files wait unread, so that the log module is never without work. */
const FILES_AHEAD = 2

/**
 * More lines than the log module can ship: files that appear in `folder` for as long as the flood runs, and a receiver
 * for them that answers like Elasticsearch.
 */
export class LogFlood {
  readonly folder: string
  readonly #own: string
  readonly #template: string
  readonly #receiver: ChildProcess
  readonly #state = { port: 0, documents: 0 }
  #written = 0
  #feeding: NodeJS.Timeout | undefined

  constructor() {
    this.#own = ownFolder('flood')
    this.folder = join(this.#own, 'logs')
    mkdirSync(this.folder)
    this.#template = join(this.#own, 'template')
    writeFileSync(this.#template, accessLines(LINES_PER_FILE).bytes)
    const program = fileURLToPath(new URL('bulk-sink.ts', import.meta.url))
    this.#receiver = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    goesWithBench(this.#receiver, this.#own)
    let rest = ''
    this.#receiver.stdout!.on('data', chunk => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) Object.assign(this.#state, JSON.parse(line))
    })
  }

  /** Where records are to be sent; resolves when the receiver listens. */
  async url(): Promise<string> {
    while (this.#state.port === 0) await sleep(10)
    return `http://127.0.0.1:${this.#state.port}`
  }

  get delivered(): number {
    return this.#state.documents
  }

  /** Resolves when lines arrive. */
  async begin(): Promise<void> {
    const before = this.delivered
    this.#feed()
    this.#feeding = setInterval(() => this.#feed(), 100)
    while (this.delivered === before) await sleep(10)
  }

  /** Resolves when all that was written has been delivered. */
  async end(): Promise<void> {
    clearInterval(this.#feeding)
    while (this.delivered < this.#written * LINES_PER_FILE) await sleep(50)
  }

  #feed(): void {
    const done = Math.floor(this.delivered / LINES_PER_FILE)
    while (this.#written - done < FILES_AHEAD) {
      copyFileSync(this.#template, join(this.folder, `access-${this.#written}.log`))
      if (this.#written - FILES_AHEAD >= 0)
        rmSync(join(this.folder, `access-${this.#written - FILES_AHEAD}.log`), { force: true })
      this.#written++
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
