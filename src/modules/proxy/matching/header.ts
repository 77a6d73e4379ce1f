import type { HeaderList } from '../../../wire/http1/headers.ts'
import { anyMatches, type Glob } from './glob.ts'

/** Whether one line of this header matches; several lines are looked at one by one. Allocates nothing when names are lower case. */
export function headerMatches({ raw }: HeaderList, lowerName: string, globs: readonly Glob[]): boolean {
  for (let at = 0; at < raw.length; at += 2)
    if (isNamed(raw[at]!, lowerName) && anyMatches(globs, raw[at + 1]!)) return true
  return false
}

function isNamed(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName)
}
