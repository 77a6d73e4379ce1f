import { compilePattern } from '../../../../kernel/pattern.ts'
import { kindOf, StringMap, StringSlice, stringIn, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from './define.ts'

/** Text: cases, trimming, splitting, patterns. */
export const TEXT: Family = [
  fixed('toLower', ['string'], (text: string) => text.toLowerCase()),
  fixed('toUpper', ['string'], (text: string) => text.toUpperCase()),
  fixed('toTitle', ['string'], (text: string) => title(text)),
  fixed('trim', ['string', 'string'], (set: string, text: string) => trimmed(text, set)),
  fixed('trimPrefix', ['string', 'string'], (prefix: string, text: string) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  fixed('trimSuffix', ['string', 'string'], (suffix: string, text: string) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  fixed('trimSpace', ['string'], (text: string) => text.trim()),
  fixed('replaceAll', ['string', 'string', 'string'], (from: string, to: string, text: string) =>
    from === '' ? [...text].reduce((out, char) => out + char + to, to) : text.replaceAll(from, () => to),
  ),
  fixed('regexReplaceAll', ['string', 'string', 'string'], (pattern: string, to: string, text: string) =>
    text.replace(compiled(pattern, 'g'), (...given: unknown[]) => expanded(to, given)),
  ),
  fixed('regexMatch', ['string', 'string'], (pattern: string, text: string) =>
    compiled(pattern, '').test(text),
  ),
  fixed('split', ['string', 'string'], (separator: string, text: string) => {
    const trimmed = text.trim()
    return trimmed === '' ? new StringSlice() : StringSlice.from(splitBy(trimmed, separator))
  }),
  fixed('splitToMap', ['string', 'string', 'string'], (rows: string, pairs: string, text: string) => {
    const map = new StringMap()
    const trimmed = text.trim()
    if (trimmed === '') return map
    for (const row of splitBy(trimmed, rows)) {
      const at = row.indexOf(pairs)
      if (at >= 0) map.set(row.slice(0, at), row.slice(at + pairs.length))
    }
    return map
  }),
  fixed('join', ['string', 'any'], (separator: string, items: Value) => {
    if (kindOf(items) !== 'slice') throw new Error('expected a list to join')
    return Array.from(items as readonly Value[], item => {
      if (kindOf(item) !== 'string') throw new Error('expected a list of texts to join')
      return stringIn(item)
    }).join(separator)
  }),
  fixed('indent', ['int', 'string'], (spaces: bigint, text: string) => {
    if (spaces < 0n) throw new Error('indent value must be a positive integer')
    if (spaces > 10_000n) throw new Error('indent value must be at most 10000')
    return text.replaceAll(/^(?=[^\n])/gm, ' '.repeat(Number(spaces)))
  }),
]

/** As strings.Title: the first letter of each word in its title case. */
export function title(text: string): string {
  return text.replaceAll(/(?<![\p{L}\p{Nd}_'])\p{L}/gu, char => char.toUpperCase())
}

/** As strings.Trim: characters of the set, at both ends. */
export function trimmed(text: string, set: string, ends: 'both' | 'left' | 'right' = 'both'): string {
  const chars = [...text]
  let [from, to] = [0, chars.length]
  if (ends !== 'right') while (from < to && set.includes(chars[from]!)) from++
  if (ends !== 'left') while (to > from && set.includes(chars[to - 1]!)) to--
  return chars.slice(from, to).join('')
}

/** As strings.Split: without a separator, character by character. */
export function splitBy(text: string, separator: string): string[] {
  return separator === '' ? [...text] : text.split(separator)
}

/** A pattern of RE2. No text can hold it up. */
export function compiled(pattern: string, flags: string): RegExp {
  const result = compilePattern(pattern.replaceAll('(?P<', '(?<'), flags)
  if ('regex' in result) return result.regex
  throw new Error(`error parsing regexp: ${result.reason}`)
}

/** `$1`, `${1}` and `${name}` of a replacement, as Go's Expand has them. */
export function expanded(to: string, given: readonly unknown[]): string {
  const groups = typeof given.at(-1) === 'object' ? (given.at(-1) as Record<string, string | undefined>) : {}
  return to.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$'
    const name = (braced ?? bare)!
    const value = /^\d+$/.test(name) ? given[Number(name)] : groups[name]
    return typeof value === 'string' ? value : ''
  })
}
