import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { errorText } from '../../../kernel/log/format.ts'
import type { Value } from '../../../wire/gotemplate/value.ts'
import { requestKey, type Wanted } from '../secret/secrets.ts'
import { type SecretRequest, SourceFailure } from '../sources/source.ts'
import { concealed } from './concealed.ts'
import type { Asking, Content, SideFile } from './content.ts'
import { MadeOnce } from './made-once.ts'

/** Where the secrets of renditions come from. */
export interface SecretTable {
  /** Throws a SourceFailure where there is no such source, or no room. `source` undefined is the first one. */
  want(source: string | undefined, request: SecretRequest, onChange: () => void): Wanted
  list(source: string | undefined, path: string, onChange: () => void): Listing
  file(path: string, onChange: () => void): WatchedText
  program(command: readonly string[], onChange: () => void): ProgramOutput
}

/** The names at a path, kept up to date for as long as it is wanted. */
export interface Listing extends Disposable {
  readonly names: readonly string[] | undefined
  readonly problem: string | undefined
}

/** The text of a file, kept up to date for as long as it is wanted. */
export interface WatchedText extends Disposable {
  readonly text: string | undefined
  readonly problem: string | undefined
}

/** What a program has written: it is run once, and once more whenever that is asked for. */
export interface ProgramOutput extends Disposable {
  /** Undefined while it runs, and when it failed. */
  readonly text: string | undefined
  /** Why it failed; it is run again by itself. */
  readonly problem: string | undefined
  refresh(): void
}

/** What a text may ask for. */
type Asked = Wanted | Listing | WatchedText | ProgramOutput | MadeOnce

export interface RenditionGiven {
  readonly content: Content
  readonly table: SecretTable
  readonly clock: Clock
  /** There is another text, with files beside it; the bytes are the receiver's, who clears them. */
  readonly onText: (bytes: Uint8Array, files: readonly SideFile[]) => void
  /** What the text was last, where it is kept. */
  readonly before?: () => string | undefined
  /** Whether there may be files beside it. */
  readonly takesFiles?: boolean
  /** How long making the text took, in seconds. */
  readonly onPass: (seconds: number, failed: boolean) => void
  /** It cannot be made, for another reason than before. */
  readonly onFailed?: (message: string) => void
}

/** Where a rendition stands. */
export type RenditionState =
  | { readonly state: 'rendered' }
  /** Of what it needs, something has never been there. */
  | { readonly state: 'waiting'; readonly message: string }
  /** It cannot be made; the last good text stays. */
  | { readonly state: 'failed'; readonly message: string }

/** What one text may ask for: a template that asks for more has gone wild. */
const MAX_ASKED = 2000
/** Files beside one text. */
const MAX_FILES = 100
/** Secrets that change together make one text. */
const GATHER_MS = 5

/**
 * One text that is kept up to date. It is made in passes: what a pass asks for and is not there yet is waited for, then
 * comes the next pass, until nothing is missing. What the last pass did not ask for any more is let go.
 */
export class Rendition implements Disposable {
  readonly #given: RenditionGiven
  #asked = new Map<string, Asked>()
  #state: RenditionState = { state: 'waiting', message: 'was not made yet' }
  #timer: Timer | undefined
  #rendered = false
  /** Something else than what the text itself makes has changed: programs are run again, as they may look at anything. */
  #programsAreOld = false
  #disposed = false

  constructor(given: RenditionGiven) {
    this.#given = given
  }

  get state(): RenditionState {
    if (this.#state.state !== 'waiting') return this.#state
    // Why a secret is not there is known only after it was asked for.
    const absent = this.secrets.find(({ value, problem }) => value === undefined && problem !== undefined)
    return absent === undefined
      ? this.#state
      : { state: 'waiting', message: `${absent.name}: ${absent.problem!.message}` }
  }

  /** Whether there ever was a text. */
  get isRendered(): boolean {
    return this.#rendered
  }

  /** Of its secrets, in the order in which they were asked for. */
  get secrets(): readonly Wanted['secret'][] {
    return [...this.#asked.values()].flatMap(each => ('secret' in each ? [each.secret] : []))
  }

  /** Makes the text now, as far as that is possible. */
  start(): void {
    this.#pass()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#timer?.cancel()
    for (const each of this.#asked.values()) each[Symbol.dispose]()
    this.#asked.clear()
  }

  #later(): void {
    if (this.#disposed || this.#timer !== undefined) return
    this.#timer = this.#given.clock.timeout(GATHER_MS, () => {
      this.#timer = undefined
      this.#pass()
    })
  }

  #pass(): void {
    const { content, clock, onText, onPass } = this.#given
    const pass = new Pass(this.#given, this.#asked, this.#programsAreOld, isOwn => {
      if (!isOwn) this.#programsAreOld = true
      this.#later()
    })
    this.#programsAreOld = false
    const began = clock.monotonic()
    let bytes: Uint8Array | undefined
    let failure: string | undefined
    try {
      bytes = content.make(pass)
    } catch (error) {
      failure = concealed(errorText(error), pass.values())
    }
    const isWhole = pass.missing.length === 0
    onPass((clock.monotonic() - began) / 1000, isWhole && failure !== undefined)
    this.#keep(pass.asked, isWhole)
    if (!isWhole || failure !== undefined) for (const file of pass.files) file.bytes.fill(0)
    if (!isWhole) {
      bytes?.fill(0)
      // A text that was whole once goes on waiting as what it is: rendered, and about to change.
      this.#state = { state: 'waiting', message: pass.missing.slice(0, 3).join('; ') }
    } else if (failure !== undefined) {
      const isKnown = this.#state.state === 'failed' && this.#state.message === failure
      this.#state = { state: 'failed', message: failure }
      if (!isKnown) this.#given.onFailed?.(failure)
    } else {
      this.#state = { state: 'rendered' }
      this.#rendered = true
      onText(bytes!, pass.files)
    }
  }

  /** What an incomplete pass did not ask for, the next one may. */
  #keep(asked: Map<string, Asked>, isWhole: boolean): void {
    for (const [key, each] of this.#asked) {
      if (asked.has(key)) continue
      if (isWhole) each[Symbol.dispose]()
      else asked.set(key, each)
    }
    this.#asked = asked
  }
}

/** One pass over a content: notes what it asks for, and what of it is missing. */
class Pass implements Asking {
  readonly asked = new Map<string, Asked>()
  readonly missing: string[] = []
  readonly files: SideFile[] = []
  readonly #given: RenditionGiven
  readonly #known: ReadonlyMap<string, Asked>
  readonly #programsAreOld: boolean
  readonly #onChange: (isOwn: boolean) => void

  constructor(
    given: RenditionGiven,
    known: ReadonlyMap<string, Asked>,
    programsAreOld: boolean,
    onChange: (isOwn: boolean) => void,
  ) {
    this.#given = given
    this.#known = known
    this.#programsAreOld = programsAreOld
    this.#onChange = onChange
  }

  secret(source: string | undefined, request: SecretRequest) {
    const { secret } = this.#ask(keyOf('secret', source, request), () =>
      this.#given.table.want(source, request, () => this.#onChange(false)),
    ) as Wanted
    if (secret.value === undefined)
      this.missing.push(
        secret.problem === undefined
          ? `waits for ${secret.name}`
          : `${secret.name}: ${secret.problem.message}`,
      )
    return secret.value
  }

  list(source: string | undefined, path: string) {
    const listing = this.#ask(keyOf('list', source, { path }), () =>
      this.#given.table.list(source, path, () => this.#onChange(false)),
    ) as Listing
    if (listing.names === undefined) this.missing.push(listing.problem ?? `waits for the names at ${path}`)
    return listing.names
  }

  file(path: string) {
    const file = this.#ask(keyOf('file', undefined, { path }), () =>
      this.#given.table.file(path, () => this.#onChange(false)),
    ) as WatchedText
    if (file.text === undefined) this.missing.push(file.problem ?? `waits for the file ${path}`)
    return file.text
  }

  program(command: readonly string[]) {
    const key = JSON.stringify(['program', ...command])
    const isNew = !this.asked.has(key)
    const output = this.#ask(key, () =>
      this.#given.table.program(command, () => this.#onChange(true)),
    ) as ProgramOutput
    if (isNew && this.#programsAreOld && this.#known.has(key)) output.refresh()
    if (output.problem !== undefined) throw new Error(output.problem)
    if (output.text === undefined) this.missing.push(`waits for ${command[0]}`)
    return output.text
  }

  later(key: string, make: () => Promise<Value>) {
    const once = this.#ask(
      JSON.stringify(['later', key]),
      () => new MadeOnce(make, () => this.#onChange(true)),
    ) as MadeOnce
    if (once.problem !== undefined) throw new Error(once.problem)
    if (once.value === undefined) this.missing.push('waits for what takes time to be made')
    return once.value
  }

  before() {
    return this.#given.before?.()
  }

  write(file: SideFile) {
    if (this.#given.takesFiles !== true)
      throw new Error('writes files only beside one: give it a delivery of the kind file')
    if (this.files.length >= MAX_FILES) throw new Error(`writes more than ${MAX_FILES} files`)
    this.files.push(file)
  }

  /** All that it was given: none of it may show in a message. */
  *values(): Iterable<Value> {
    for (const each of this.asked.values()) {
      if ('text' in each) yield each.text?.trim()
      if (!('secret' in each) || each.secret.value === undefined) continue
      const { data, answer } = each.secret.value
      yield data
      for (const part of ['client_token', 'accessor']) yield answer.auth?.get(part)
      yield answer.wrapInfo?.get('token')
    }
  }

  #ask(key: string, want: () => Asked): Asked {
    const known = this.asked.get(key) ?? this.#known.get(key)
    if (known === undefined && this.asked.size >= MAX_ASKED)
      throw new SourceFailure('invalid', `asks for more than ${MAX_ASKED} secrets`)
    const each = known ?? want()
    this.asked.set(key, each)
    return each
  }
}

function keyOf(kind: string, source: string | undefined, request: SecretRequest): string {
  return requestKey(`${kind} ${source ?? ''}`, request)
}
