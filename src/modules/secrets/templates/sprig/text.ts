import { printed } from '../../../../wire/gotemplate/fmt/print.ts'
import { sprintf } from '../../../../wire/gotemplate/fmt/printf.ts'
import { StringMap, StringSlice, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed, variadic } from '../functions/define.ts'
import { splitBy, trimmed } from '../functions/text.ts'
import { kebabCase, pascalCase, snakeCase, swapCase, titleCase } from './cases.ts'
import { bytesOf, counted, isThere, textOf, textOfBytes, textsOf } from './convert.ts'
import { abbreviate, wrap } from './lines.ts'

const one = (name: string, call: (text: string) => Value) =>
  fixed(name, ['string'], call as (...given: never[]) => Value)
const two = (name: string, call: (first: string, text: string) => Value) =>
  fixed(name, ['string', 'string'], call as (...given: never[]) => Value)

/** Texts. What cuts them counts bytes, as Go does. */
export const TEXT: Family = [
  fixed('hello', [], () => 'Hello!'),
  one('trim', text => text.trim()),
  one('upper', text => text.toUpperCase()),
  one('lower', text => text.toLowerCase()),
  one('title', titleCase),
  one('untitle', text => text.replaceAll(/(?<!\S)\S/gu, char => char.toLowerCase())),
  one('swapcase', swapCase),
  one('snakecase', snakeCase),
  one('camelcase', pascalCase),
  one('kebabcase', kebabCase),
  one('nospace', text => text.replaceAll(/\s/gu, '')),
  one('initials', text => text.match(/(?<!\S)\S/gu)?.join('') ?? ''),
  one('shuffle', shuffled),
  two('trimall', (set, text) => trimmed(text, set)),
  two('trimAll', (set, text) => trimmed(text, set)),
  two('trimPrefix', (prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  two('trimSuffix', (suffix, text) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  two('contains', (part, text) => text.includes(part)),
  two('hasPrefix', (part, text) => text.startsWith(part)),
  two('hasSuffix', (part, text) => text.endsWith(part)),
  fixed('repeat', ['int', 'string'], (count: bigint, text: string) =>
    text.repeat(counted(count, text.length)),
  ),
  fixed('replace', ['string', 'string', 'string'], (from: string, to: string, text: string) =>
    from === '' ? [...text].reduce((out, char) => out + char + to, to) : text.replaceAll(from, () => to),
  ),
  fixed('trunc', ['int', 'string'], (count: bigint, text: string) => {
    const [bytes, length] = [bytesOf(text), Number(count)]
    if (length < 0) return bytes.length + length > 0 ? textOfBytes(bytes.slice(length)) : text
    return textOfBytes(bytes.slice(0, length))
  }),
  fixed('substr', ['int', 'int', 'string'], (start: bigint, end: bigint, text: string) => {
    const bytes = bytesOf(text)
    const from = start < 0n ? 0n : start
    const to = start >= 0n && (end < 0n || end > bytes.length) ? BigInt(bytes.length) : end
    if (from > to || to > bytes.length || to < 0n) throw new Error('slice bounds out of range')
    return textOfBytes(bytes.slice(Number(from), Number(to)))
  }),
  fixed('abbrev', ['int', 'string'], (width: bigint, text: string) =>
    width < 4n ? text : textOfBytes(abbreviate(bytesOf(text), 0, Number(width))),
  ),
  fixed('abbrevboth', ['int', 'int', 'string'], (left: bigint, right: bigint, text: string) =>
    right < 4n || (left > 0n && right < 7n)
      ? text
      : textOfBytes(abbreviate(bytesOf(text), Number(left), Number(right))),
  ),
  fixed('wrap', ['int', 'string'], (width: bigint, text: string) =>
    textOfBytes(wrap(bytesOf(text), { width: Number(width), separator: '\n', cutWords: false })),
  ),
  fixed('wrapWith', ['int', 'string', 'string'], (width: bigint, separator: string, text: string) =>
    textOfBytes(
      wrap(bytesOf(text), { width: Number(width), separator: bytesOf(separator || '\n'), cutWords: true }),
    ),
  ),
  fixed('indent', ['int', 'string'], indented),
  fixed('nindent', ['int', 'string'], (spaces: bigint, text: string) => `\n${indented(spaces, text)}`),
  fixed('plural', ['string', 'string', 'int'], (single: string, many: string, count: bigint) =>
    count === 1n ? single : many,
  ),
  variadic('quote', ['any'], (...given: Value[]) =>
    given
      .filter(isThere)
      .map(each => sprintf('%q', [textOf(each)]))
      .join(' '),
  ),
  variadic('squote', ['any'], (...given: Value[]) =>
    given
      .filter(isThere)
      .map(each => `'${printed(each)}'`)
      .join(' '),
  ),
  variadic('cat', ['any'], (...given: Value[]) => given.filter(isThere).map(printed).join(' ')),
  fixed('toString', ['any'], textOf),
  fixed('toStrings', ['any'], (value: Value) => StringSlice.from(textsOf(value))),
  fixed('join', ['string', 'any'], (separator: string, list: Value) => textsOf(list).join(separator)),
  two('splitList', (separator, text) => StringSlice.from(splitBy(text, separator))),
  two('split', (separator, text) => numbered(splitBy(text, separator))),
  fixed('splitn', ['string', 'int', 'string'], (separator: string, count: bigint, text: string) => {
    if (count === 0n) return new StringMap()
    const parts = splitBy(text, separator)
    if (count < 0n || parts.length <= count) return numbered(parts)
    const most = Number(count)
    return numbered([...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)])
  }),
]

function indented(spaces: bigint, text: string): string {
  const pad = ' '.repeat(counted(spaces, text.split('\n').length))
  return pad + text.replaceAll('\n', `\n${pad}`)
}

function numbered(parts: readonly string[]): StringMap {
  return new StringMap(parts.map((part, at) => [`_${at}`, part]))
}

function shuffled(text: string): string {
  const { randomInt } = process.getBuiltinModule('node:crypto')
  const chars = [...text]
  for (let at = chars.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    ;[chars[at], chars[other]] = [chars[other]!, chars[at]!]
  }
  return chars.join('')
}
