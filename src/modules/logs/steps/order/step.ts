import { keyOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { compilePatterns, type TextFilter } from '../../text-patterns.ts'
import { rawOf } from '../raw.ts'
import type { Step } from '../step.ts'
import type { OrderConfig } from './config.ts'

interface Member {
  readonly name: string
  readonly raw: Buffer
  /** Where it belongs: negative = first, 0 = between, positive = last. */
  readonly rank: number
}

/** Sorts the fields of the top by the first pattern that names them; all others keep their order. */
export function orderStep({ first, last }: OrderConfig): Step {
  const firsts = first.map(pattern => compilePatterns([pattern]))
  const lasts = last.map(pattern => compilePatterns([pattern]))
  const value = new ValueSpan()
  const empty = Buffer.from('{}')
  return record => {
    const members: Member[] = []
    let isSorted = true
    for (let at = 0; at < record.count; at++) {
      const name = record.nameAt(at)
      if (name === undefined) continue
      const rank = rankOf(name, firsts, lasts)
      isSorted &&= members.length === 0 || members[members.length - 1].rank <= rank
      members.push({ name, raw: rawOf(record.valueAt(at, value)), rank })
    }
    if (isSorted) return true
    members.sort((one, other) => one.rank - other.rank)
    record.open(empty, 0, empty.length)
    for (const { name, raw } of members) record.set([keyOf(name)], raw)
    return true
  }
}

function rankOf(name: string, firsts: readonly TextFilter[], lasts: readonly TextFilter[]): number {
  const early = firsts.findIndex(isMeant => isMeant(name))
  if (early >= 0) return early - firsts.length
  return lasts.findIndex(isMeant => isMeant(name)) + 1
}
