import type { Place } from '../finding.ts'

/** The place of a flag or of a variable. */
export function placeOutside(what: string): Place {
  return { file: what, line: 0, column: 0 }
}
