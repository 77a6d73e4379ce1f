import type { HeaderList } from '../../../wire/http1/headers.ts'
import { endsHere, listedNames } from './hop-by-hop.ts'

/** The fields of an answer as it goes on, in the order and case in which they came; with a Date (RFC 9110 section 6.6.1). */
export function answerFields(headers: HeaderList, date: () => string): HeaderList {
  const listed = listedNames(headers)
  const { size } = headers
  const fields = headers.likewise()
  let copied = 0
  let hasDate = false
  for (let at = 0; at < size; at++) {
    const steering = headers.steeringAt(at)
    if (steering === 'date') hasDate = true
    if (!endsHere(headers, at, steering, listed)) continue
    fields.copy(headers, copied, at)
    copied = at + 1
  }
  fields.copy(headers, copied, size)
  if (!hasDate) fields.add('Date', date())
  return fields
}
