import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE } from '../../../../wire/json/bytes.ts'
import { keyOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import { compilePatterns, type TextFilter } from '../../text-patterns.ts'
import type { Step } from '../step.ts'
import type { OrderConfig } from './config.ts'

/** How many names are remembered; they are few, unless senders make them up. */
const MAX_NAMES = 1000

interface Name {
  /** With quotes, as it is written. */
  readonly quoted: Buffer
  /** Where it belongs: negative = first, 0 = between, positive = last. */
  readonly rank: number
}

/** Sorts the fields of the top by the first pattern that names them; all others keep their order. */
export function orderStep({ first, last }: OrderConfig): Step {
  const nameOf = naming(first, last)
  const value = new ValueSpan()
  const out = new ByteWriter(1024)
  return record => {
    const members: { readonly name: Name; readonly at: number }[] = []
    let isSorted = true
    for (let at = 0; at < record.count; at++) {
      const text = record.nameAt(at)
      if (text === undefined) continue
      const name = nameOf(text)
      isSorted &&= members.length === 0 || members[members.length - 1].name.rank <= name.rank
      members.push({ name, at })
    }
    if (isSorted) return true
    members.sort((one, other) => one.name.rank - other.name.rank)
    out.length = 0
    for (const { name, at } of members) {
      out.byte(out.length === 0 ? OPEN_BRACE : COMMA)
      out.copy(name.quoted, 0, name.quoted.length)
      out.byte(COLON)
      const { bytes, start, end } = record.valueAt(at, value)
      out.copy(bytes, start, end)
    }
    out.byte(CLOSE_BRACE)
    record.open(out.bytes, 0, out.length)
    return true
  }
}

function naming(first: readonly string[], last: readonly string[]): (text: string) => Name {
  const firsts = first.map(pattern => compilePatterns([pattern]))
  const lasts = last.map(pattern => compilePatterns([pattern]))
  const names = new Map<string, Name>()
  return text => {
    let name = names.get(text)
    if (name === undefined) {
      if (names.size >= MAX_NAMES) names.clear()
      name = { quoted: keyOf(text).quoted, rank: rankOf(text, firsts, lasts) }
      names.set(text, name)
    }
    return name
  }
}

function rankOf(name: string, firsts: readonly TextFilter[], lasts: readonly TextFilter[]): number {
  const early = firsts.findIndex(isMeant => isMeant(name))
  if (early >= 0) return early - firsts.length
  return lasts.findIndex(isMeant => isMeant(name)) + 1
}
