import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { isObject, type Json, pointer } from '../json.ts'
import { type ManifestDocument, readManifests } from '../read.ts'
import { applyToText } from './edit.ts'

/** Draws from a list of numbers, again and again. */
class Draw {
  readonly #numbers: readonly number[]
  #next = 0

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers
  }

  below(limit: number): number {
    return this.#numbers[this.#next++ % this.#numbers.length]! % limit
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }
}

const key = fc.constantFrom('a', 'name', 'b-c', 'on', '80', 'x/y', 'ü', '~', '', 'k: v', '__proto__', 'null')
const text = fc.constantFrom(
  '',
  'x',
  'on',
  'a b',
  'l1\nl2',
  'l1\nl2\n',
  'k\n\n',
  ' s',
  '# c',
  '- x',
  '{',
  'ü\u2028',
  '{{ A }}',
  "it's",
  '"q"',
  '1',
  'a:\n  b\n',
  'x\t',
  '"\'',
)
const leaf = fc.oneof(text, fc.constantFrom<Json>(null, true, 0, -1.5, 8080))
const value: fc.Arbitrary<Json> = fc.letrec<{ node: Json }>(tie => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('node')), { maxLength: 3 }).map(entries => Object.fromEntries(entries)),
  ),
})).node

/** YAML of a value in a style that is drawn: indentation, comments, quotes, brackets, line ends, anchors. */
function written(value: Json, draw: Draw): string {
  const step = draw.of([2, 4, 1])
  const deeperLists = draw.below(2) === 1
  const trailing = () => draw.of(['', '', '', ' # t', '   # t: [x'])
  let keeps = false
  let isLiteral = false
  let everKeeps = false
  const between = (column: number) => {
    if (isLiteral) return keeps ? '' : draw.of(['', '\n'])
    return draw.of([
      '',
      '',
      '',
      '',
      '\n',
      `${' '.repeat(column)}# c: d\n`,
      '# e\n',
      `\n${' '.repeat(column + 2)}# deep\n`,
      '  \n',
    ])
  }
  const scalar = (leaf: Json): string =>
    typeof leaf !== 'string'
      ? leaf === null
        ? draw.of(['null', '~'])
        : String(leaf)
      : draw.below(2) === 1 && /^[a-wz]+$/.test(leaf) && leaf !== 'on' && leaf !== 'null'
        ? leaf
        : draw.below(3) === 1 && /^[^\n\t\u2028]*$/.test(leaf)
          ? `'${leaf.replaceAll("'", "''")}'`
          : JSON.stringify(leaf)
  const flow = (node: Json): string => {
    const [open, shut] = draw.of([
      ['', ''],
      [' ', ' '],
    ] as const)
    const comma = draw.of([', ', ', ', `,\n${' '.repeat(30)}`, `, # c: {\n${' '.repeat(30)}`])
    if (Array.isArray(node)) return `[${open}${node.map(flow).join(comma)}${shut}]`
    if (isObject(node))
      return `{${open}${Object.entries(node)
        .map(([key, item]) => `${JSON.stringify(key)}: ${flow(item)}`)
        .join(comma)}${shut}}`
    return scalar(node)
  }
  /** What stands behind an indicator, with its end of line; `column` is that of the indicator. */
  const behind = (node: Json, column: number, compact: boolean, listColumn: number): string => {
    isLiteral = false
    if (typeof node === 'string' && draw.below(2) === 1 && /^[a-z][^\u2028\t]*\n/.test(node)) {
      const end: string = node.endsWith('\n\n') ? '+' : node.endsWith('\n') ? draw.of(['', '+']) : '-'
      const pad = ' '.repeat(column + step)
      keeps = end === '+'
      isLiteral = true
      everKeeps ||= keeps
      return ` |${end}\n${node
        .replace(/\n$/, '')
        .split('\n')
        .map(line => (line === '' ? '' : pad + line))
        .join('\n')}\n`
    }
    const isEmpty = typeof node !== 'object' || node === null || Object.keys(node).length === 0
    if (node === null && draw.below(2) === 1) return `${trailing()}\n`
    if (isEmpty || draw.below(6) === 1) return ` ${flow(node)}${trailing()}\n`
    if (compact && draw.below(3) > 0) return ` ${block(node, column + 2).trimStart()}`
    return `${trailing()}\n${block(node, Array.isArray(node) ? listColumn : column + step)}`
  }
  const block = (node: Json, column: number): string => {
    const pad = ' '.repeat(column)
    if (Array.isArray(node))
      return node
        .map(
          (item, i) => `${i > 0 ? between(column) : ''}${pad}-${behind(item, column, true, column + step)}`,
        )
        .join('')
    return Object.entries(node as object)
      .map(([key, item], i) => {
        const list = column + (deeperLists ? step : 0)
        return `${i > 0 ? between(column) : ''}${pad}${scalar(key)}:${behind(item, column, false, list)}`
      })
      .join('')
  }
  const form = draw.below(8)
  if (form === 0) return JSON.stringify(value)
  if (form === 1) return `${JSON.stringify(value, null, draw.of([2, 4]))}\n`
  const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0
  const body = isEmpty ? `${flow(value)}\n` : `${between(0)}${block(value, 0)}`
  const ended = draw.below(4) === 0 && !everKeeps ? body.replace(/\n$/, '') : body
  const whole = `${draw.of(['', '', '---\n', '# head\n---\n'])}${ended}`
  return draw.of([whole, whole, whole.replaceAll('\n', '\r\n'), `\ufeff${whole}`])
}

/** A patch that fits: places are drawn among those of the value. */
function patchFor(value: Json, news: readonly Json[], draw: Draw): PatchOperation[] {
  let now = value
  return news.flatMap((next): PatchOperation[] => {
    const places: (readonly (string | number)[])[] = []
    const look = (node: Json, path: readonly (string | number)[]) => {
      places.push(path)
      if (typeof node !== 'object' || node === null) return
      for (const [key, item] of Object.entries(node))
        look(item, [...path, Array.isArray(node) ? Number(key) : key])
    }
    look(now, [])
    const path = draw.of(places)
    const here = path.reduce<Json>((node, step) => (node as Record<string, Json>)[step]!, now)
    const operation = ((): PatchOperation | undefined => {
      const kind = draw.below(4)
      if (kind === 0 && path.length > 0) return { op: 'remove', path: pointer(path) }
      if (kind === 1 && path.length > 0) return { op: 'replace', path: pointer(path), value: next }
      if (Array.isArray(here))
        return { op: 'add', path: pointer([...path, draw.below(here.length + 1)]), value: next }
      if (isObject(here))
        return { op: 'add', path: pointer([...path, draw.of(['new', 'name', 'on', 'a/b'])]), value: next }
      return path.length > 0 ? { op: 'replace', path: pointer(path), value: next } : undefined
    })()
    if (operation === undefined) return []
    now = applyPatch(now, [operation]) as Json
    return [operation]
  })
}

/** New keys and items for what is not empty: nothing that was there is changed. */
function addsFor(value: Json, news: readonly Json[], draw: Draw): PatchOperation[] {
  let now = value
  return news.flatMap((next, index): PatchOperation[] => {
    const places: (readonly [path: readonly (string | number)[], node: Json])[] = []
    const look = (node: Json, path: readonly (string | number)[]) => {
      if (typeof node !== 'object' || node === null || Object.keys(node).length === 0) return
      places.push([path, node])
      for (const [key, item] of Object.entries(node))
        look(item, [...path, Array.isArray(node) ? Number(key) : key])
    }
    look(now, [])
    if (places.length === 0) return []
    const [path, node] = draw.of(places)
    const step = Array.isArray(node) ? draw.below(node.length + 1) : `new${index}`
    const operation: PatchOperation = { op: 'add', path: pointer([...path, step]), value: next }
    now = applyPatch(now, [operation]) as Json
    return [operation]
  })
}

const numbers = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 })
const runs = { numRuns: 600 }

function read(text: string): ManifestDocument | undefined {
  const { documents, problems } = readManifests('a', text)
  assert.deepEqual(problems, [], JSON.stringify(text))
  return documents[0]
}

describe('edits of generated manifests', () => {
  it('give the text whose value is the patched one', () => {
    fc.assert(
      fc.property(value, fc.array(value, { maxLength: 4 }), numbers, (value, news, choices) => {
        const draw = new Draw(choices)
        const text = written(value, draw)
        const document = read(text)
        if (document === undefined) return
        assert.deepEqual(document.value, value, text)
        const patch = patchFor(value, news, draw)
        const result = applyToText(readManifests('a', text), [{ document, patch }])
        const expected = applyPatch(value, patch)
        assert.deepEqual(
          read(result)?.value ?? null,
          expected,
          JSON.stringify({ text, patch, result }, null, 1),
        )
      }),
      runs,
    )
  })

  it('are undone byte for byte when what was added is removed', () => {
    fc.assert(
      fc.property(value, fc.array(value, { minLength: 1, maxLength: 4 }), numbers, (value, news, choices) => {
        const draw = new Draw(choices)
        const text = written(value, draw)
        if (read(text) === undefined) return
        const adds = addsFor(value, news, draw)
        const there = readManifests('a', text)
        const added = readManifests('a', applyToText(there, [{ document: there.documents[0]!, patch: adds }]))
        const patch = adds.toReversed().map(({ path }): PatchOperation => ({ op: 'remove', path }))
        const back = applyToText(added, [{ document: added.documents[0]!, patch }])
        assert.equal(back, text, JSON.stringify({ text, adds, added: added.text }, null, 1))
      }),
      runs,
    )
  })

  it('reach no other place through an anchor, an alias or a merge', () => {
    fc.assert(
      fc.property(value, value, fc.array(value, { maxLength: 4 }), numbers, (one, two, news, choices) => {
        const draw = new Draw(choices)
        const shared = { one, list: [two, { k: one }] }
        const places = { first: shared, second: [shared, one, two], third: { shared, two } }
        const plain = stringify(places, {
          aliasDuplicateObjects: true,
          lineWidth: 0,
          indent: draw.of([2, 4]),
        })
        const anchor = /^first: &(\w+)/.exec(plain)![1]
        const merging = `${plain}m1:\n  <<: *${anchor}\n  own: 1\nm2: {own: 2, <<: [{ z: 1 }, *${anchor}]}\n`
        const text = draw.below(2) === 1 ? plain : merging
        const document = read(text)!
        const patch = patchFor(document.value, news, draw)
        const result = applyToText(readManifests('a', text), [{ document, patch }])
        const expected = applyPatch(document.value, patch)
        assert.deepEqual(
          read(result)?.value ?? null,
          expected,
          JSON.stringify({ text, patch, result }, null, 1),
        )
      }),
      runs,
    )
  })
})
