import { HeaderList } from '../../../wire/http1/headers.ts'
import { isHopByHop, listedNames } from './hop-by-hop.ts'

/** The fields of an answer as it goes on, in the order and case in which they came; with a Date (RFC 9110 section 6.6.1). */
export function answerFields(headers: HeaderList, date: () => string): HeaderList {
  const listed = listedNames(headers)
  const from = headers.raw
  const raw: string[] = []
  let hasDate = false
  for (let at = 0; at < from.length; at += 2) {
    const name = from[at]!
    const lower = name.toLowerCase()
    if (isHopByHop(lower) || listed?.has(lower)) continue
    if (lower === 'date') hasDate = true
    raw.push(name, from[at + 1]!)
  }
  if (!hasDate) raw.push('Date', date())
  return new HeaderList(raw)
}
