/** Nothing that JSON writes in another way. */
const PLAIN_JSON = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
/** Nothing that could end a quoted field or a line. */
const PLAIN_TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const UNSAFE_TEXT = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

/** A value off the wire (one character a byte) as a JSON string. UTF-8 stays readable; other bytes become U+FFFD. */
export function jsonText(value: string): string {
  if (PLAIN_JSON.test(value)) return `"${value}"`
  return jsonName(Buffer.from(value, 'latin1').toString('utf8'))
}

/** A name of the configuration, or another text of the sidecar itself, as a JSON string. */
export function jsonName(name: string): string {
  if (PLAIN_JSON.test(name)) return `"${name}"`
  const text = JSON.stringify(name)
  // C1 control characters and line separators pass JSON as they are, but not every terminal.
  return text.replace(/[\x7f-\x9f\u2028\u2029]/g, character => `\\u${hex(character, 4)}`)
}

/** A name of the configuration, or another text of the sidecar itself, as if it came off the wire: one character a byte of UTF-8. */
export function wireText(name: string): string {
  return PLAIN_JSON.test(name) ? name : Buffer.from(name).toString('latin1')
}

/** A value off the wire in a line of text, as Apache does it: `\"`, `\\`, and `\xhh` for what cannot be printed. */
export function plainText(value: string): string {
  if (PLAIN_TEXT.test(value)) return value
  return value.replace(UNSAFE_TEXT, character =>
    character === '"' || character === '\\' ? `\\${character}` : `\\x${hex(character, 2)}`,
  )
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0')
}
