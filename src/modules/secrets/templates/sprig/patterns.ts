import { StringSlice, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from '../functions/define.ts'
import { compiled, expanded } from '../functions/text.ts'
import { mustToo } from './lists.ts'

/** Patterns. Those that are none are an error under both names, but for regexMatch, which then does not match. */
export const PATTERNS: Family = [
  fixed('regexMatch', ['string', 'string'], (pattern: string, text: string) => {
    try {
      return compiled(pattern, '').test(text)
    } catch {
      return false
    }
  }),
  fixed('mustRegexMatch', ['string', 'string'], (pattern: string, text: string) =>
    compiled(pattern, '').test(text),
  ),
  ...mustToo('regexFind', name =>
    fixed(
      name,
      ['string', 'string'],
      (pattern: string, text: string) => compiled(pattern, '').exec(text)?.[0] ?? '',
    ),
  ),
  ...mustToo('regexFindAll', name =>
    fixed(name, ['string', 'string', 'int'], (pattern: string, text: string, most: bigint) =>
      StringSlice.from(limited(matches(pattern, text), most).map(each => each[0])),
    ),
  ),
  ...mustToo('regexReplaceAll', name =>
    fixed(name, ['string', 'string', 'string'], (pattern: string, text: string, to: string) =>
      text.replace(compiled(pattern, 'g'), (...given: unknown[]) => expanded(to, given)),
    ),
  ),
  ...mustToo('regexReplaceAllLiteral', name =>
    fixed(name, ['string', 'string', 'string'], (pattern: string, text: string, to: string) =>
      text.replace(compiled(pattern, 'g'), () => to),
    ),
  ),
  ...mustToo('regexSplit', name =>
    fixed(name, ['string', 'string', 'int'], (pattern: string, text: string, most: bigint) =>
      StringSlice.from(split(pattern, text, most)),
    ),
  ),
  fixed(
    'regexQuoteMeta',
    ['string'],
    (text: string): Value => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&'),
  ),
]

function matches(pattern: string, text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = []
  text.replace(compiled(pattern, 'g'), (match, ...given) => {
    const index = given.find(each => typeof each === 'number') as number
    found.push(Object.assign([match] as unknown as RegExpExecArray, { index }))
    return ''
  })
  // An empty match right behind another one is none to Go.
  return found.filter((each, at) => {
    const before = found[at - 1]
    return each[0] !== '' || before === undefined || before.index + before[0].length !== each.index
  })
}

function limited<T>(items: T[], most: bigint): T[] {
  return most < 0n ? items : items.slice(0, Number(most))
}

function split(pattern: string, text: string, most: bigint): string[] {
  if (most === 0n) return []
  if (pattern !== '' && text === '') return ['']
  const parts: string[] = []
  let [begin, end] = [0, 0]
  for (const match of matches(pattern, text)) {
    if (most > 0n && parts.length === Number(most) - 1) break
    end = match.index
    if (end + match[0].length !== 0) parts.push(text.slice(begin, end))
    begin = end + match[0].length
  }
  if (end !== text.length) parts.push(text.slice(begin))
  return parts
}
