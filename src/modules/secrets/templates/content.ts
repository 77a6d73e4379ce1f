import type { Value } from '../../../wire/gotemplate/value.ts'
import type { SecretValue } from '../secret/value.ts'
import type { SecretRequest } from '../sources/source.ts'

/**
 * How a content asks for secrets: the value as it is now, or undefined while there is none. Whatever it asks for, it is
 * made again when that changes. `source`: its name, undefined for the first one.
 */
export interface Asking {
  secret(source: string | undefined, request: SecretRequest): SecretValue | undefined
  /** The names at a path. */
  list(source: string | undefined, path: string): readonly string[] | undefined
  /** The text of a file. */
  file(path: string): string | undefined
  /** What a program writes, run without a shell. Throws when it fails. */
  program(command: readonly string[]): string | undefined
  /**
   * What takes its time, made once for each key for as long as the text asks for it; undefined until it is there. Throws
   * when it cannot be made.
   */
  later(key: string, make: () => Promise<Value>): Value | undefined
  /** What the text was last, where it was kept: an earlier process has made it. */
  before(): string | undefined
  /** Another file is to be written with the text, once all that was asked for is there. Throws where only a text is made. */
  write(file: SideFile): void
}

/** A file that a template writes beside its text. */
export interface SideFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** Octal. */
  readonly mode: string
  /** By name or number; ours when empty. */
  readonly owner: string
  readonly group: string
  /** Behind what is in the file. */
  readonly append: boolean
}

/** A text that is made of secrets: pure, but for what it asks for. */
export interface Content {
  /** What it is made of at first sight, for messages: `db.conf.tpl` or `secret database/creds/app`. */
  readonly origin: string
  /**
   * Throws a ContentProblem. What it gives counts only when everything it has asked for was there; so does what it throws.
   */
  make(asking: Asking): Uint8Array
}

/** Why a content cannot be made; says nothing of values. */
export class ContentProblem extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ContentProblem'
  }
}
