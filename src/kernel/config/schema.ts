import type { Problem } from './problem.ts'

/** How one kind of value is decoded, checked and described. Made by the constructors below. */
export interface Schema<T> {
  decode(input: unknown): Decoded<T>
  readonly doc: unknown
}
export type Decoded<T> = { ok: true; value: T } | { ok: false; problems: Problem[] }
