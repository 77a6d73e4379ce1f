import { isObject, type Json } from '../json.ts'

/** How a document lays out what stands on lines of its own. */
export interface BlockStyle {
  /** Columns from one mapping to the next deeper one. */
  readonly step: number
  /** Whether a list stands deeper than the key that it belongs to. */
  readonly indentLists: boolean
}

/** How a collection in brackets is laid out. */
export interface FlowStyle {
  /** Quotes on all strings. */
  readonly json: boolean
  /** No space behind colons and commas. */
  readonly compact: boolean
  /** Columns from one level to the next when each item has a line of its own. */
  readonly step?: number
}

/** What some parser takes for something else than text: Kubernetes reads YAML 1.1, others 1.2. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null)$/i
/** Letters first, or a path, a variable, a flag: nothing like a number, a date, an indicator. */
const PLAIN = /^([A-Za-z_/$(]|--?[A-Za-z])[\x20-\x7e]*$/
const QUANTITY = /^\d+(\.\d+)?(m|k|Ki|Mi|Gi|Ti|M|G|T|s|ms|h)$/
/** A comment or a mapping could begin inside. */
const AMBIGUOUS = /: | #|[: ]$/
/** What a block scalar does not keep as it is, or what only an escape shows. */
const NOT_LITERAL = /^\s|[ \t]\n|\n\n$|[ \t]$|[^\P{C}\n]|[\u2028\u2029]/u

/**
 * A value as lines in block style, the first at column 0. What YAML 1.1 or 1.2 would not read as text is quoted. Without
 * `literals` no string goes over several lines.
 */
export function blockLines(value: Json, style: BlockStyle, literals = true): string[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap(item => {
      const isText = typeof item === 'string'
      const [first = '', ...rest] = blockLines(item, isText ? { ...style, step: 2 } : style, literals)
      return [`- ${first}`, ...(isText ? rest : indent(rest, 2))]
    })
  if (isObject(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, item]) => member(blockScalar(key), item, style, literals))
  if (typeof value === 'string' && literals && value.includes('\n') && !NOT_LITERAL.test(value)) {
    const lines = value.replace(/\n$/, '').split('\n')
    return [value.endsWith('\n') ? '|' : '|-', ...indent(lines, style.step)]
  }
  return [typeof value === 'string' ? blockScalar(value) : JSON.stringify(value)]
}

function member(key: string, value: Json, style: BlockStyle, literals: boolean): string[] {
  const lines = blockLines(value, style, literals)
  const isCollection = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!isCollection) return [`${key}: ${lines[0]}`, ...lines.slice(1)]
  return [`${key}:`, ...indent(lines, Array.isArray(value) && !style.indentLists ? 0 : style.step)]
}

function indent(lines: readonly string[], columns: number): string[] {
  const pad = ' '.repeat(columns)
  return lines.map(line => (line === '' ? '' : pad + line))
}

function blockScalar(text: string): string {
  if (QUANTITY.test(text) || (PLAIN.test(text) && !RESERVED.test(text) && !AMBIGUOUS.test(text))) return text
  return text.includes('"') && /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", "''")}'` : quoted(text)
}

/** In double quotes; what JSON leaves as it is and YAML takes for the end of a line, or cannot hold, is escaped too. */
function quoted(text: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(text).replaceAll(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped)
}

/** A value in brackets, on one line or, where the style has a step, on several; the first begins at column 0. */
export function flowText(value: Json, style: FlowStyle): string {
  if (style.json && style.step !== undefined) return JSON.stringify(value, null, style.step)
  if (style.json && style.compact) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(item => flowText(item, style)).join(', ')}]`
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${flowScalar(key, style)}: ${flowText(item, style)}`)
      .join(', ')}}`
  return typeof value === 'string' ? flowScalar(value, style) : JSON.stringify(value)
}

/** A string in brackets: plain only where nothing could take it for something else. */
export function flowScalar(text: string, { json }: FlowStyle): string {
  return !json && /^[A-Za-z_][\w./-]*$/.test(text) && !RESERVED.test(text) ? text : quoted(text)
}
