import type { ChildProcess } from 'node:child_process'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { Deadline, Health } from '../../../../kernel/module.ts'
import type { Position } from '../../batch.ts'
import type { Lines } from '../../lines.ts'
import type { Input, InputHost } from '../input.ts'
import type { JournaldConfig } from './config.ts'
import { type Entry, ExportReader } from './export.ts'

/** What this input needs of what every input gets. */
export type JournaldHost = Pick<
  InputHost,
  'name' | 'key' | 'tag' | 'sink' | 'clock' | 'metrics' | 'log' | 'scope' | 'signal' | 'positions'
>

const FIRST_RESTART_MS = 1000
const LAST_RESTART_MS = 60_000

/**
 * Follows the journal through `journalctl -o export`. The cursor of the last entry that is safe is kept with the records
 * in the spool, so that nothing is lost or doubled over restarts. While the spool is full the pipe waits, and the
 * journal keeps what comes.
 */
export function startJournald(config: JournaldConfig, host: JournaldHost): Input {
  return new JournalInput(config, host)
}

class JournalInput implements Input {
  readonly rereadable = true
  readonly #config: JournaldConfig
  readonly #host: JournaldHost
  /** Under which the position is kept. */
  readonly #file: string
  readonly #entries: { inc(by: number): void }
  #cursor: string | undefined
  #count = 0
  #child: ChildProcess | undefined
  #following: Promise<void> | undefined
  #timer: Timer | undefined
  #restartMs = FIRST_RESTART_MS
  #trouble: Health | undefined
  #stopped = false

  constructor(config: JournaldConfig, host: JournaldHost) {
    this.#config = config
    this.#host = host
    this.#file = `journal:${host.name}`
    this.#entries = host.metrics
      .counter('journald_read_entries_total', 'Entries of the journal that were read.', ['input'])
      .with(host.name)
    const known = host.positions.get(this.#file)
    this.#cursor = known?.mark
    this.#count = known?.offset ?? 0
    host.scope.defer(async () => {
      this.#stop()
      await this.#following
    })
    this.#follow()
  }

  health(): Health {
    return this.#trouble ?? { ready: true, state: 'ok' }
  }

  /** What is not read now is read by the next start. */
  async drain(_deadline: Deadline): Promise<void> {
    this.#stop()
    await this.#following
  }

  #follow(): void {
    if (this.#stopped) return
    this.#following = this.#read().then(problem => {
      this.#following = undefined
      if (this.#stopped) return
      const { key, log, clock } = this.#host
      const message = `${key}: ${problem}; it is tried again in ${this.#restartMs / 1000} s`
      this.#trouble = { ready: true, state: 'degraded', message }
      log.warn('journald_failed', message)
      this.#timer = clock.timeout(this.#restartMs, () => this.#follow())
      this.#restartMs = Math.min(LAST_RESTART_MS, this.#restartMs * 2)
    })
  }

  /** Reads until the program ends; tells why it did. Never rejects. */
  async #read(): Promise<string> {
    const { program, names, maxEntryBytes } = this.#config
    const { spawn } = process.getBuiltinModule('node:child_process')
    const child = spawn(program, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    let said = ''
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      said = (said + text).slice(-500)
    })
    const ended = new Promise<string>(resolve => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        resolve(
          error.code === 'ENOENT'
            ? `there is no ${program} on this machine; the journal of systemd cannot be read without it`
            : `${program} cannot be started: ${error.message}`,
        ),
      )
      child.once('close', (code, signal) =>
        resolve(`${program} ended with ${signal ?? `code ${code}`}${said === '' ? '' : `: ${said.trim()}`}`),
      )
    })
    const batch = new EntryBatch(this.#host, this.#file)
    const reader = new ExportReader({
      names,
      maxValueBytes: maxEntryBytes,
      onEntry: entry => batch.add(entry),
    })
    try {
      for await (const chunk of child.stdout) {
        reader.take(chunk as Buffer)
        await this.#handOver(batch)
      }
    } catch (error) {
      child.kill('SIGKILL')
      await ended
      return `${program} wrote what cannot be read: ${(error as Error).message}`
    }
    const problem = await ended
    this.#child = undefined
    return problem
  }

  async #handOver(batch: EntryBatch): Promise<void> {
    if (batch.count === 0) return
    const { count } = batch
    this.#count += count
    this.#cursor = await batch.handOver(this.#count)
    this.#entries.inc(count)
    this.#restartMs = FIRST_RESTART_MS
    this.#trouble = undefined
  }

  #arguments(): string[] {
    const { directory, matches, start } = this.#config
    const from =
      this.#cursor !== undefined
        ? [`--after-cursor=${this.#cursor}`]
        : start === 'now'
          ? ['--lines=0']
          : ['--no-tail']
    return [
      '--output=export',
      '--follow',
      '--all',
      '--quiet',
      ...from,
      ...(directory === undefined ? [] : [`--directory=${directory}`]),
      ...matches,
    ]
  }

  #stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#child?.kill('SIGTERM')
  }
}

/** Entries of one read, by runs of the same unit, which is what their tags are made of. */
class EntryBatch {
  readonly #host: JournaldHost
  readonly #file: string
  #runs: Run[] = []
  count = 0

  constructor(host: JournaldHost, file: string) {
    this.#host = host
    this.#file = file
  }

  add({ out, timeMs, cursor, unit }: Entry): void {
    const last = this.#runs.at(-1)
    const run = last?.unit === unit ? last : { unit, records: [], timesMs: [], cursor }
    if (run !== last) this.#runs.push(run)
    run.records.push(Buffer.from(out.bytes.subarray(0, out.length)))
    run.timesMs.push(timeMs)
    run.cursor = cursor
    this.count++
  }

  /** Resolves with the last cursor once all entries are safe. `total`: how many entries were read with these. */
  async handOver(total: number): Promise<string> {
    const runs = this.#runs
    let offset = total - this.count
    this.#runs = []
    this.count = 0
    let cursor = ''
    for (const run of runs) {
      offset += run.records.length
      cursor = run.cursor
      await this.#host.sink(this.#linesOf(run, { file: this.#file, offset, mark: cursor }))
    }
    return cursor
  }

  #linesOf({ unit, records, timesMs }: Run, position: Position): Lines {
    const { name, tag, clock } = this.#host
    const starts = new Uint32Array(records.length)
    const ends = new Uint32Array(records.length)
    let at = 0
    records.forEach((record, index) => {
      starts[index] = at
      ends[index] = at += record.length
    })
    const path = unit === '' ? 'journal' : unit
    return {
      bytes: Buffer.concat(records),
      count: records.length,
      starts,
      ends,
      timesMs: Float64Array.from(timesMs),
      readAtMs: clock.now(),
      origin: { input: name, path, tag: tag(path), position },
    }
  }
}

interface Run {
  readonly unit: string
  readonly records: Buffer[]
  readonly timesMs: number[]
  cursor: string
}
