import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  KIND_BY_FIRST,
  Kind,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from './bytes.ts'
import { hasEscape, readString, type ValueSpan } from './value.ts'

/** A member's name, ready to be compared with bytes and to be written. */
export interface Key {
  readonly text: string
  /** As it stands between the quotes when nothing in it is escaped that need not be. */
  readonly bytes: Buffer
  /** With quotes, as it is written. */
  readonly quoted: Buffer
  /** Whether it cannot be written without a backslash. */
  readonly escaped: boolean
}

/** Where a field is, from the top of the record. At least one key. */
export type KeyPath = readonly Key[]

export function keyOf(text: string): Key {
  const quoted = Buffer.from(JSON.stringify(text))
  return { text, bytes: quoted.subarray(1, -1), quoted, escaped: quoted.includes(BACKSLASH) }
}

export function keyPathOf(path: readonly string[]): KeyPath {
  return path.map(keyOf)
}

/** Whether the key that stands in `bytes[start, end)`, between its quotes, is this one. */
export function isKey(key: Key, bytes: Buffer, start: number, end: number, escaped: boolean): boolean {
  if (escaped) return readString(bytes, start - 1, end + 1) === key.text
  const wanted = key.bytes
  const size = end - start
  if (wanted.length !== size) return false
  for (let i = 0; i < size; i++) if (wanted[i] !== bytes[start + i]) return false
  return true
}

/**
 * Looks for `path[from…]` inside the value that `value` stands on, and moves it there.
 * The text must have been verified. Of members with the same name the last one counts.
 */
export function descend(value: ValueSpan, path: KeyPath, from: number): boolean {
  for (let depth = from; depth < path.length; depth++) {
    if (value.kind !== Kind.object || !enter(value, path[depth])) return false
  }
  return true
}

function enter(value: ValueSpan, key: Key): boolean {
  const { bytes, start, end } = value
  let found = false
  let at = skipSpace(bytes, start + 1, end)
  while (bytes[at] !== CLOSE_BRACE) {
    const keyStart = at + 1
    at = behindString(bytes, at)
    const keyEnd = at - 1
    const valueStart = skipSpace(bytes, skipSpace(bytes, at, end) + 1, end)
    at = behindValue(bytes, valueStart)
    if (isKey(key, bytes, keyStart, keyEnd, hasEscape(bytes, keyStart, keyEnd))) {
      value.at(bytes, valueStart, at, KIND_BY_FIRST[bytes[valueStart]])
      found = true
    }
    at = skipSpace(bytes, at, end)
    if (bytes[at] === CLOSE_BRACE) break
    at = skipSpace(bytes, at + 1, end)
  }
  return found
}

/** The position behind the verified value that begins at `at`. */
export function behindValue(bytes: Uint8Array, at: number): number {
  if (bytes[at] === QUOTE) return behindString(bytes, at)
  if (bytes[at] !== OPEN_BRACE && bytes[at] !== OPEN_BRACKET) return behindWord(bytes, at, bytes.length)
  let depth = 0
  for (;;) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = behindString(bytes, at)
      continue
    }
    at++
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++
    else if (closes(byte) && --depth === 0) return at
  }
}

/** The position behind the verified number, true, false or null at `at`, which ends before `end`. */
export function behindWord(bytes: Uint8Array, at: number, end: number): number {
  let behind = at + 1
  while (behind < end && bytes[behind] > 0x20 && bytes[behind] !== COMMA && !closes(bytes[behind])) behind++
  return behind
}

function closes(byte: number): boolean {
  return byte === CLOSE_BRACE || byte === CLOSE_BRACKET
}

/** The position behind the verified string whose opening quote is at `open`. */
export function behindString(bytes: Uint8Array, open: number): number {
  let at = open + 1
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}
