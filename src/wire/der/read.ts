/** One element of DER (X.690): its identifier octet, its content, and all of it. */
export interface DerElement {
  readonly tag: number
  readonly content: Uint8Array
  readonly whole: Uint8Array
}

/** The elements that stand one after another. Throws RangeError where one is cut, and for indefinite lengths. */
export function readElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at)
    elements.push(element)
    at += element.whole.length
  }
  return elements
}

function readElement(bytes: Uint8Array, at: number): DerElement {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined) throw new RangeError('an element of DER is cut')
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 4) throw new RangeError('an element of DER has no length that is allowed')
    length = 0
    for (let n = 0; n < octets; n++) length = length * 256 + (bytes[start++] ?? 0)
  }
  if (start + length > bytes.length) throw new RangeError('an element of DER is cut')
  return { tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) }
}
