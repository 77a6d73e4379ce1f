import { readWords } from '../../values/scalars.ts'
import type { Settings } from '../settings.ts'

/** `Header NAME VALUE`, given as often as there are headers. */
export function headersOf(settings: Settings, key = 'header'): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { text, place } of settings.written(key)) {
    const [name, value] = readWords(text, 2)
    if (name === undefined || value === undefined)
      settings.fail(place, key, `expected NAME VALUE, got "${text}"`)
    else headers[name] = value
  }
  return headers
}
