import type { CST } from 'yaml'
import type { Lines } from './splices.ts'
import type { ItemToken } from './tokens.ts'
import type { BlockStyle, FlowStyle } from './write.ts'

const DEFAULT_STEP = 2

/** How the mappings and lists of a document are indented, by the first of each. */
export function blockStyleOf(root: CST.Token | undefined, lines: Lines): BlockStyle {
  let step: number | undefined
  let indentLists: boolean | undefined
  const look = (token: CST.Token | null | undefined): void => {
    if (step !== undefined && indentLists !== undefined) return
    if (token?.type !== 'block-map' && token?.type !== 'block-seq') return
    for (const { value } of token.items as ItemToken[]) {
      if (token.type === 'block-map' && value?.type === 'block-map')
        step ??= lines.column(value.offset) - lines.column(token.offset)
      if (token.type === 'block-map' && value?.type === 'block-seq')
        indentLists ??= lines.column(value.offset) > lines.column(token.offset)
      look(value)
    }
  }
  look(root)
  return { step: step !== undefined && step > 0 ? step : DEFAULT_STEP, indentLists: indentLists ?? true }
}

/** How one collection in brackets is written; the column is that of items which have a line each. */
export type FlowLayout = FlowStyle & { readonly column?: number }

/** By its first item. */
export function flowStyleOf(token: CST.FlowCollection, lines: Lines): FlowLayout {
  const [first] = token.items
  const start = first?.key ?? first?.value
  const json = isJson(token)
  const compact = json && lines.text[token.offset + 1] !== ' ' && !/^\s/.test(gapAfterColon(token, lines))
  if (first === undefined || !start || !first.start.some(({ type }) => type === 'newline'))
    return { json, compact }
  const column = lines.column(start.offset)
  const outer = /^\s*/.exec(lines.text.slice(lines.start(token.offset), token.offset))![0].length
  return { json, compact: false, step: Math.max(column - outer, 1), column }
}

/** Whether everything in it that is a key or a string has double quotes; what holds neither is taken for JSON. */
function isJson(token: CST.FlowCollection): boolean {
  return token.items.every(({ key, value }) => [key, value].every(looksLikeJson))
}

function looksLikeJson(token: CST.Token | null | undefined): boolean {
  if (!token) return true
  if (token.type === 'flow-collection') return isJson(token)
  if (token.type === 'scalar') return /^(true|false|null|-?\d[\d.eE+-]*)?$/.test(token.source)
  return token.type === 'double-quoted-scalar'
}

/** What stands behind the first colon, or comma, inside. */
function gapAfterColon(token: CST.FlowCollection, lines: Lines): string {
  const items = token.items
  for (const { sep, value } of items) {
    const colon = sep?.find(({ type }) => type === 'map-value-ind')
    if (colon) return lines.text.slice(colon.offset + 1, colon.offset + 2)
    if (value?.type === 'flow-collection') {
      const inner = gapAfterColon(value, lines)
      if (inner !== '') return inner
    }
  }
  const comma = items.flatMap(({ start }) => start).find(({ type }) => type === 'comma')
  return comma ? lines.text.slice(comma.offset + 1, comma.offset + 2) : ''
}
