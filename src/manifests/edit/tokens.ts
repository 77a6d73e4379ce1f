import type { CST } from 'yaml'

/** What the parser kept of an item of a collection: indicators, comments and white space, key, value. */
export type ItemToken = CST.CollectionItem
export type CollectionToken = CST.BlockMap | CST.BlockSequence | CST.FlowCollection

const TRIVIA = new Set(['space', 'newline', 'comment', 'comma'])

/** Whether there is an item at all: the parser also makes one of the comments, or of the comma, before the end. */
export function isItem({ start, key, sep, value }: ItemToken): boolean {
  return Boolean(key || sep || value) || start.some(({ type }) => !TRIVIA.has(type))
}

/** Where an item begins: its indicator, the anchor or tag of what it begins with, or that itself. */
export function itemStart({ start, key, sep, value }: ItemToken): number {
  const first =
    start.find(({ type }) => !TRIVIA.has(type)) ?? key ?? sep?.find(({ type }) => !TRIVIA.has(type))
  return (first ?? value)?.offset ?? 0
}

/** Where the last thing that an item says ends; comments and the end of the line are not part of it. */
export function itemEnd({ start, key, sep, value }: ItemToken): number {
  if (value && !isEmptyToken(value)) return tokenEnd(value)
  const last = sep?.findLast(({ type }) => !TRIVIA.has(type))
  if (last) return last.offset + last.source.length
  if (key) return tokenEnd(key)
  const indicator = start.findLast(({ type }) => !TRIVIA.has(type))
  return indicator ? indicator.offset + indicator.source.length : (value?.offset ?? 0)
}

/** Where a value ends. Empty lines after a block scalar are part of it only if it keeps them. */
export function tokenEnd(token: CST.Token): number {
  switch (token.type) {
    case 'block-scalar': {
      const header = headerOf(token).reduce((sum, { source }) => sum + source.length, 0)
      const content = keepsEmptyLines(token)
        ? token.source.replace(/\r?\n$/, '')
        : token.source.replace(/(?:\r?\n[ \t]*)+$/, '')
      const end = token.offset + header + content.length
      return content === '' ? token.offset + header - lineEnd(token) : end
    }
    case 'block-map':
    case 'block-seq': {
      const last = (token.items as ItemToken[]).findLast(isItem)
      return last === undefined ? token.offset : itemEnd(last)
    }
    case 'flow-collection': {
      const end = token.end.find(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end')
      return end === undefined ? token.offset : end.offset + 1
    }
    default:
      return token.offset + ('source' in token ? token.source.length : 0)
  }
}

/** The block scalar that a value ends with. */
export function lastBlockScalar(token: CST.Token | null | undefined): CST.BlockScalar | undefined {
  if (token?.type === 'block-scalar') return token
  if (token?.type !== 'block-map' && token?.type !== 'block-seq') return undefined
  return lastBlockScalar((token.items as ItemToken[]).findLast(isItem)?.value)
}

/** Whether an empty line of so many spaces, right behind a block scalar, would become part of its text. */
export function takesEmptyLine(scalar: CST.BlockScalar, spaces: number): boolean {
  if (keepsEmptyLines(scalar)) return true
  const indentation = /^ *(?=[^ \r\n])/m.exec(scalar.source)?.[0].length
  return indentation !== undefined && spaces > indentation
}

/** Behind the indicator that a value follows: `:` of a mapping's, `-` of a list's. Undefined when there is no `:`. */
export function indicatorEnd({ start, sep }: ItemToken, of: CollectionToken['type']): number | undefined {
  const indicator =
    of === 'block-seq'
      ? start.find(({ type }) => type === 'seq-item-ind')
      : sep?.find(({ type }) => type === 'map-value-ind')
  return indicator && indicator.offset + 1
}

/** The anchor and the tag of an item's value, in their order. */
export function propertiesOf({ start, sep, key }: ItemToken): CST.SourceToken[] {
  return (sep ?? (key ? [] : start)).filter(({ type }) => isProperty(type))
}

/** Whether a comment stands before what an item says. */
export function hasCommentBefore(item: ItemToken): boolean {
  const start = itemStart(item)
  return item.start.some(({ type, offset }) => type === 'comment' && offset < start)
}

export function isEmptyToken(token: CST.Token): boolean {
  return 'source' in token && token.source === '' && token.type !== 'block-scalar'
}

function isProperty(type: string): boolean {
  return type === 'anchor' || type === 'tag'
}

function keepsEmptyLines(scalar: CST.BlockScalar): boolean {
  return headerOf(scalar).some(({ type, source }) => type === 'block-scalar-header' && source.includes('+'))
}

/** What stands before the text of a block scalar: its header, a comment, the end of the line. */
function headerOf({ props }: CST.BlockScalar): readonly CST.SourceToken[] {
  return props as CST.SourceToken[]
}

function lineEnd(scalar: CST.BlockScalar): number {
  const last = headerOf(scalar).at(-1)
  return last?.type === 'newline' ? last.source.length : 0
}
