import type { CST } from 'yaml'
import type { Json } from '../json.ts'
import { flowSplices } from './flow.ts'
import type { Lines, Splice } from './splices.ts'
import { blockStyleOf } from './style.ts'
import {
  hasCommentBefore,
  type ItemToken,
  indicatorEnd,
  isEmptyToken,
  isItem,
  itemEnd,
  itemStart,
  lastBlockScalar,
  propertiesOf,
  takesEmptyLine,
  tokenEnd,
} from './tokens.ts'
import type { EditedDocument, Item, Opened, Tree } from './tree.ts'
import { type BlockStyle, blockLines, flowText } from './write.ts'

/** What an edited document changes in the text that it was read from. */
export function splicesOf(document: EditedDocument, lines: Lines): Splice[] {
  const emitter = new Emitter(document, lines)
  emitter.root()
  return emitter.splices
}

class Emitter {
  readonly splices: Splice[] = []
  readonly #document: EditedDocument
  readonly #lines: Lines
  readonly #style: BlockStyle
  /** Where the key or the indicator of each opened collection ends. */
  readonly #holders = new Map<unknown, number>()

  constructor(document: EditedDocument, lines: Lines) {
    this.#document = document
    this.#lines = lines
    this.#style = blockStyleOf(document.yaml.contents?.srcToken, lines)
  }

  root(): void {
    const { root, yaml } = this.#document
    if (this.#collection(root)) return
    if (root.kind === 'written') return
    const token = yaml.contents?.srcToken
    const value = this.#document.valueOf(root)
    const first =
      token?.type === 'block-map' || token?.type === 'block-seq' ? token.items.find(isItem) : undefined
    const start = first ? itemStart(first) : (token?.offset ?? yaml.contents?.range?.[0] ?? 0)
    const inline = token?.type === 'flow-collection' || typeof value !== 'object' || value === null
    const last = token ? tokenEnd(token) : start
    const end = inline && !first ? last : this.#lines.end(last)
    this.#replace(
      start,
      end,
      inline ? flowText(value, { json: true, compact: false }) : this.#block(value).join(this.#lines.eol),
    )
  }

  /** Emits what changes inside a collection; false when the value must be written anew as a whole, if at all. */
  #collection(tree: Tree): boolean {
    if (tree.kind !== 'opened') return false
    if (!tree.items.some(({ token }) => token)) return tree.items.length === 0 && tree.source.length === 0
    if (tree.token.type === 'flow-collection')
      this.splices.push(...flowSplices(this.#document, this.#lines, tree, tree.token))
    else this.#blockCollection(tree)
    return true
  }

  #blockCollection(tree: Opened): void {
    const { token: collection, source } = tree
    const kept = new Set(tree.items.flatMap(({ token }) => token ?? []))
    const column = this.#lines.column(itemStart(source[0]!.token!))
    const gap = this.#gapOf(tree)
    let previous: ItemToken | undefined
    let front: Item[] = []
    for (const item of tree.items) {
      if (item.token) {
        if (previous === undefined && front.length > 0) this.#inFront(tree, front, column, gap)
        front = []
        previous = item.token
        this.#itemValue(item, item.token, collection.type, column)
      } else if (previous === undefined) front.push(item)
      else {
        const at = this.#afterItem(previous, column)
        this.#insert(
          at,
          this.#itemLines(tree, item, gap, at, column)
            .map(line => this.#newLine(line, column))
            .join(''),
        )
      }
    }
    let before: Item | undefined
    source.forEach((item, index) => {
      if (kept.has(item.token!)) before = item
      else this.#removeLines(tree, index, column, before)
    })
  }

  /** New items before all others: right behind the line of the key, so that comments stay with what they stand above. */
  #inFront(tree: Opened, items: readonly Item[], column: number, gap: string): void {
    const first = itemStart(tree.source[0]!.token!)
    const holder = this.#holders.get(tree.node)
    const pad = ' '.repeat(column)
    const line = this.#lines.start(first)
    if (line > 0 && this.#lines.isFirst(first)) {
      const at = holder === undefined ? this.#lines.endBefore(line) : this.#lines.end(holder)
      const text = items.flatMap(item => this.#itemLines(tree, item, gap, at, column))
      this.#insert(at, text.map(line => this.#newLine(line, column)).join(''))
      return
    }
    const text = items.flatMap(item => this.#itemLines(tree, item, gap, this.#lines.end(first), column))
    this.#insert(
      first,
      text.map((line, i) => `${i > 0 && line !== '' ? pad : ''}${line}${this.#lines.eol}`).join('') + pad,
    )
  }

  #itemValue(item: Item, token: ItemToken, kind: CST.Token['type'], column: number): void {
    const { value } = item
    if (value.kind === 'opened') {
      const indicator = indicatorEnd(token, kind as 'block-map')
      const last = propertiesOf(token).at(-1)
      const end = last ? last.offset + last.source.length : indicator
      if (end !== undefined) this.#holders.set(value.node, end)
    }
    if (value.kind === 'written' || this.#collection(value)) return
    const emptied = value.kind === 'opened' && value.items.length === 0
    this.#rewrite(token, kind, column, this.#document.valueOf(value), emptied)
  }

  /** The value of a block collection's item, written anew. */
  #rewrite(
    token: ItemToken,
    kind: CST.Token['type'],
    column: number,
    value: Json,
    keepProperties: boolean,
  ): void {
    const lines = this.#lines
    const indicator = indicatorEnd(token, kind as 'block-map')
    const old = token.value && !isEmptyToken(token.value) ? token.value : undefined
    if (indicator === undefined) {
      const at = lines.end(itemEnd(token))
      this.#insert(at, this.#newLine(`: ${flowText(value, { json: true, compact: false })}`, column))
      return
    }
    const properties = propertiesOf(token)
    const property = properties.at(-1)
    const after = keepProperties && property ? property.offset + property.source.length : indicator
    const end = old ? tokenEnd(old) : itemEnd(token)
    const literals = ![lines.end(after), lines.end(end)].some(at => lines.couldBeTaken(at, column))
    const [head, rest] = this.#valueLines(value, kind, literals)
    const inline = old !== undefined && lines.start(old.offset) === lines.start(after)
    if (old === undefined || inline) {
      this.#replace(after, Math.max(after, end), head)
      this.#insert(lines.end(Math.max(after, end)), rest.map(line => this.#newLine(line, column)).join(''))
      return
    }
    if (!keepProperties && property) this.#replace(indicator, property.offset + property.source.length, head)
    else this.#insert(after, head)
    this.#insert(lines.end(after), rest.map(line => this.#newLine(line, column)).join(''))
    this.#replace(lines.endBefore(lines.start(old.offset)), lines.end(end), '')
  }

  /** What stands behind the indicator, and the lines below it. */
  #valueLines(value: Json, kind: CST.Token['type'], literals: boolean): readonly [string, readonly string[]] {
    const isList = kind === 'block-seq'
    // As people write it, and as it was where something empty has been filled.
    if (value === null && !isList) return ['', []]
    const [first = '', ...rest] = this.#block(isList ? [value] : { k: value }, literals)
    return [first.slice(isList ? 1 : 2), rest]
  }

  #itemLines(tree: Opened, item: Item, gap: string, at: number, column: number): string[] {
    const literals = !this.#lines.couldBeTaken(at, column)
    const value = this.#document.valueOf(item.value)
    if (tree.token.type === 'block-map') return this.#block({ [item.key!]: value }, literals)
    return this.#block([value], literals).map((line, i) => {
      const content = line.slice(2)
      return i === 0 ? `-${gap}${content}` : line === '' ? '' : ` ${gap}${content}`
    })
  }

  /** Between the dash and the first thing behind it, as the list's items have it. */
  #gapOf({ token, source }: Opened): string {
    if (token.type !== 'block-seq') return ' '
    for (const { token: item } of source) {
      const text = this.#lines.text.slice(itemStart(item!) + 1, item!.value?.offset)
      if (item!.value && /^ +$/.test(text)) return text
    }
    return ' '
  }

  /** Takes the lines of an item away; `before` is the last one before it that stays. */
  #removeLines(tree: Opened, index: number, column: number, before: Item | undefined): void {
    const lines = this.#lines
    const { source } = tree
    const token = source[index]!.token!
    const start = itemStart(token)
    const end = lines.overDeeperComments(lines.end(itemEnd(token)), column)
    if (before === undefined && !lines.isFirst(itemStart(source[0]!.token!))) {
      if (index === 0) this.#removeBehindIndicator(tree, end)
      return
    }
    const scalar = endingBlockScalar(before)
    const last = scalar ? lines.overEmptyLines(end, spaces => takesEmptyLine(scalar, spaces)) : end
    const isTop = before === undefined && lines.start(itemStart(source[0]!.token!)) === 0
    if (isTop) this.#replace(lines.start(start), lines.next(last), '')
    else {
      const isEnd = scalar !== undefined && takesEmptyLine(scalar, 0) && last === lines.text.length
      this.#replace(lines.endBefore(lines.start(start)), last, isEnd ? lines.eol : '')
    }
  }

  /** The first item stands on the line of the indicator that it belongs to: the first that stays comes up there. */
  #removeBehindIndicator({ source, items }: Opened, end: number): void {
    const start = itemStart(source[0]!.token!)
    const next = items.find(({ token }) => token)!.token!
    const keepsComment = items[0]!.token === source[1]?.token && hasCommentBefore(next)
    const line = this.#lines.text.slice(this.#lines.start(start), start)
    if (keepsComment) this.#replace(start - /[ \t]*$/.exec(line)![0].length, end, '')
    else this.#replace(start, itemStart(next), '')
  }

  #afterItem(token: ItemToken, column: number): number {
    return this.#lines.overDeeperComments(this.#lines.end(itemEnd(token)), column)
  }

  #newLine(line: string, column: number): string {
    return this.#lines.eol + (line === '' ? '' : ' '.repeat(column) + line)
  }

  #block(value: Json, literals = true): string[] {
    return blockLines(value, this.#style, literals)
  }

  #insert(at: number, text: string): void {
    if (text !== '') this.splices.push({ at, end: at, insert: text })
  }

  #replace(at: number, end: number, insert: string): void {
    this.splices.push({ at, end, insert })
  }
}

/** What an item ends with once the document is edited, if that is a block scalar of the source. */
function endingBlockScalar(item: Item | undefined): CST.BlockScalar | undefined {
  if (item?.token === undefined) return undefined
  if (item.value.kind === 'opened') return endingBlockScalar(item.value.items.at(-1))
  return item.value.kind === 'written' ? lastBlockScalar(item.token.value) : undefined
}
