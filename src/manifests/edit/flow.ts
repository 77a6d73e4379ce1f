import type { CST } from 'yaml'
import type { Json } from '../json.ts'
import type { Lines, Splice } from './splices.ts'
import { type FlowLayout, flowStyleOf } from './style.ts'
import {
  hasCommentBefore,
  type ItemToken,
  isEmptyToken,
  isItem,
  itemEnd,
  itemStart,
  propertiesOf,
  tokenEnd,
} from './tokens.ts'
import type { EditedDocument, Item, Opened, Tree } from './tree.ts'
import { flowScalar, flowText } from './write.ts'

/** What changes inside a collection in brackets, some of whose items stay. */
export function flowSplices(
  document: EditedDocument,
  lines: Lines,
  tree: Opened,
  token: CST.FlowCollection,
): Splice[] {
  const emitter = new FlowEmitter(document, lines)
  emitter.collection(tree, token)
  return emitter.splices
}

class FlowEmitter {
  readonly splices: Splice[] = []
  readonly #document: EditedDocument
  readonly #lines: Lines

  constructor(document: EditedDocument, lines: Lines) {
    this.#document = document
    this.#lines = lines
  }

  collection(tree: Opened, token: CST.FlowCollection): void {
    const style = flowStyleOf(token, this.#lines)
    const { source } = tree
    const kept = new Set(tree.items.flatMap(each => each.token ?? []))
    const separator = this.#separator(token, style)
    let previous: ItemToken | undefined
    let front: Item[] = []
    for (const item of tree.items) {
      const text = (each: Item) => this.#item(each, style)
      if (item.token) {
        if (front.length > 0)
          this.#insert(itemStart(item.token), front.map(each => `${text(each)},${separator}`).join(''))
        front = []
        previous = item.token
        this.#value(tree, item, item.token, style)
      } else if (previous === undefined) front.push(item)
      else this.#insert(itemEnd(previous), `,${separator}${text(item)}`)
    }
    let hasKept = false
    source.forEach(({ token: item }, index) => {
      if (kept.has(item!)) hasKept = true
      else this.#remove(source, index, hasKept)
    })
  }

  /** Emits what changes inside a value; false when it must be written anew as a whole. */
  #nested(tree: Tree): boolean {
    const isEdited = tree.kind === 'opened' && tree.items.some(({ token }) => token)
    if (!isEdited || tree.token.type !== 'flow-collection') return false
    this.collection(tree, tree.token)
    return true
  }

  #remove(source: readonly Item[], index: number, hasKept: boolean): void {
    const token = source[index]!.token!
    const other = source[hasKept ? index - 1 : index + 1]!.token!
    const start = itemStart(token)
    const end = itemEnd(token)
    const between = hasKept ? token : other
    if (!hasCommentBefore(between)) {
      if (hasKept) this.#replace(itemEnd(other), end, '')
      else this.#replace(start, itemStart(other), '')
      return
    }
    const comma = between.start.find(({ type }) => type === 'comma')
    this.#replace(start, end, '')
    if (comma) this.#replace(comma.offset, comma.offset + 1, '')
  }

  #value(tree: Opened, item: Item, token: ItemToken, style: FlowLayout): void {
    const { value } = item
    if (value.kind === 'written' || this.#nested(value)) return
    const text = this.#text(this.#document.valueOf(value), style)
    const isMapping = token.sep !== undefined || token.key !== undefined
    const colon = token.sep?.find(({ type }) => type === 'map-value-ind')
    const property = propertiesOf(token)[0]
    const emptied = value.kind === 'opened' && value.items.length === 0
    if (token.value && !isEmptyToken(token.value)) {
      const start = property && !emptied ? property.offset : token.value.offset
      this.#replace(start, tokenEnd(token.value), text)
    } else if (colon) this.#replace(colon.offset + 1, itemEnd(token), ` ${text}`)
    else this.#insert(itemEnd(token), isMapping || tree.token.type === 'block-map' ? `: ${text}` : text)
  }

  #item(item: Item, style: FlowLayout): string {
    const text = this.#text(this.#document.valueOf(item.value), style)
    if (item.key === undefined) return text
    const colon = style.compact && style.json ? ':' : ': '
    return `${flowScalar(item.key, style)}${colon}${text}`
  }

  #text(value: Json, style: FlowLayout): string {
    const pad = this.#lines.eol + ' '.repeat(style.column ?? 0)
    return flowText(value, style).replaceAll('\n', pad)
  }

  #separator(token: CST.FlowCollection, style: FlowLayout): string {
    if (style.column !== undefined) return this.#lines.eol + ' '.repeat(style.column)
    const second = token.items.filter(isItem)[1]?.start
    const gap = second?.every(({ type }) => type === 'comma' || type === 'space')
      ? second.map(({ type, source }) => (type === 'space' ? source : '')).join('')
      : undefined
    return gap ?? (style.compact ? '' : ' ')
  }

  #insert(at: number, text: string): void {
    this.splices.push({ at, end: at, insert: text })
  }

  #replace(at: number, end: number, insert: string): void {
    this.splices.push({ at, end, insert })
  }
}
