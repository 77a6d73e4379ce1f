/** Elements by name, and in each the values by parameter: RFC 5424 section 6.3.3 lets a name come more than once. */
export type StructuredData = Map<string, Map<string, string[]>>

/** The elements of structured data that a `SyslogMessage` has verified; texts have one character a byte (latin1). */
export function readStructuredData(bytes: Buffer, start: number, end: number): StructuredData {
  const elements: StructuredData = new Map()
  for (let at = start; at < end; at++) {
    const idEnd = nameEnd(bytes, at + 1)
    const id = bytes.toString('latin1', at + 1, idEnd)
    let element = elements.get(id)
    if (element === undefined) elements.set(id, (element = new Map()))
    at = idEnd
    while (bytes[at] === SPACE) {
      const behindName = bytes.indexOf(EQUALS, at)
      const name = bytes.toString('latin1', at + 1, behindName)
      const valueEnd = closingQuote(bytes, behindName + 2)
      const value = bytes.toString('latin1', behindName + 2, valueEnd).replace(/\\(["\\\]])/g, '$1')
      const values = element.get(name)
      if (values === undefined) element.set(name, [value])
      else values.push(value)
      at = valueEnd + 1
    }
  }
  return elements
}

const SPACE = 0x20
const QUOTE = 0x22
const EQUALS = 0x3d
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d

function nameEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] !== SPACE && bytes[at] !== CLOSE_BRACKET) at++
  return at
}

function closingQuote(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}
