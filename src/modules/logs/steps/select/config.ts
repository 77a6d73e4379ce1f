import { s } from '../../../../kernel/config/schema.ts'
import { PATTERN_NOTATION } from '../../text-patterns.ts'

export const selectConfig = s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
  about: 'Keeps these fields at the top of the record, and removes all others.',
  minItems: 1,
  example: ['time', 'level', 'message', 'http_*'],
})
