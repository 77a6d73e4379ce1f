import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expiryPause } from '../../backends/vault/renewal.ts'
import type { Clock, Timer } from '../../kernel/clock/clock.ts'
import { errorText } from '../../kernel/log/format.ts'
import { LiveProgramOutput } from './program-output.ts'
import type { Secrets, Wanted } from './secret/secrets.ts'
import type { OpenSources } from './sources/open-sources.ts'
import { type SecretRequest, SourceFailure } from './sources/source.ts'
import type { Listing, SecretTable, WatchedText } from './templates/rendition.ts'

export interface TableGiven {
  readonly sources: () => OpenSources
  readonly secrets: () => Secrets
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly intervalMs: () => number
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How large a file may be that a template reads. */
const MAX_FILE_BYTES = 1024 * 1024
/** Where nobody tells of changes (network file systems), files are looked at this often. */
const LOOK_MS = 60_000
const RETRY_MS = 5000

/** What contents can ask for: secrets of the sources by name, the names at a path, the text of files. */
export function createTable(given: TableGiven): SecretTable {
  return {
    want: (name, request, onChange) => wantOf(given, name, request, onChange),
    list: (name, path, onChange) => new LiveListing(given, name, path, onChange),
    file: (path, onChange) => new LiveText(given, path, onChange),
    program: (command, onChange) => new LiveProgramOutput(given, command, onChange),
  }
}

function wantOf(
  given: TableGiven,
  name: string | undefined,
  request: SecretRequest,
  onChange: () => void,
): Wanted {
  const found = sourceOf(given, name)
  return given.secrets().want(found.name, found.source, request, onChange)
}

function sourceOf({ sources }: TableGiven, name: string | undefined) {
  const found = sources().find(name)
  if (found !== undefined) return found
  throw new SourceFailure('invalid', `there is no source "${name}"; there are ${sources().names.join(', ')}`)
}

/** The names at a path, asked for every now and then. */
class LiveListing implements Listing {
  names: readonly string[] | undefined
  problem: string | undefined
  readonly #given: TableGiven
  readonly #stop = new AbortController()
  #timer: Timer | undefined

  constructor(given: TableGiven, source: string | undefined, path: string, onChange: () => void) {
    this.#given = given
    void this.#ask(source, path, onChange)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    this.#timer?.cancel()
  }

  async #ask(name: string | undefined, path: string, onChange: () => void): Promise<void> {
    const { clock, random, intervalMs, signal } = this.#given
    let pauseMs = expiryPause(intervalMs(), random())
    try {
      const { source } = sourceOf(this.#given, name)
      if (source.list === undefined) throw new SourceFailure('invalid', `${path}: this source has no lists`)
      const names = await source.list(path, AbortSignal.any([signal, this.#stop.signal]))
      this.problem = undefined
      if (names.join('\0') !== this.names?.join('\0')) {
        this.names = names
        onChange()
      }
    } catch (error) {
      this.problem = errorText(error)
      pauseMs = Math.min(pauseMs, RETRY_MS * (1 + random()))
      if (this.names === undefined) onChange()
    }
    if (this.#stop.signal.aborted || signal.aborted) return
    this.#timer = clock.timeout(pauseMs, () => void this.#ask(name, path, onChange))
  }
}

/** A file's text, read again when it changes. */
class LiveText implements WatchedText {
  text: string | undefined
  problem: string | undefined
  readonly #given: TableGiven
  readonly #path: string
  readonly #onChange: () => void
  #timer: Timer | undefined
  #watching: Disposable | undefined
  #disposed = false

  constructor(given: TableGiven, path: string, onChange: () => void) {
    this.#given = given
    this.#path = path
    this.#onChange = onChange
    this.#watching = watched(dirname(path), () => this.#soon(50))
    void this.#read()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#timer?.cancel()
    this.#watching?.[Symbol.dispose]()
  }

  #soon(ms: number): void {
    if (this.#disposed) return
    this.#timer?.cancel()
    this.#timer = this.#given.clock.timeout(ms, () => void this.#read())
  }

  async #read(): Promise<void> {
    try {
      const bytes = await readFile(this.#path)
      if (bytes.length > MAX_FILE_BYTES)
        throw new Error(`${this.#path} is larger than ${MAX_FILE_BYTES} bytes`)
      const text = bytes.toString()
      this.problem = undefined
      if (text !== this.text) {
        this.text = text
        this.#onChange()
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const problem = code === 'ENOENT' ? `there is no file ${this.#path}` : errorText(error)
      const isNew = problem !== this.problem
      this.problem = problem
      if (isNew && this.text === undefined) this.#onChange()
    }
    this.#soon(this.problem === undefined ? LOOK_MS : RETRY_MS)
  }
}

function watched(folder: string, changed: () => void): Disposable | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, changed)
    watcher.on('error', () => {})
    return { [Symbol.dispose]: () => watcher.close() }
  } catch {
    return undefined
  }
}
