/** Distinguished Encoding Rules (X.690), only as much as a certificate request needs. Every function gives one whole element. */

const TAG = { bitString: 0x03, octetString: 0x04, utf8: 0x0c, sequence: 0x30, set: 0x31 } as const

/** Any element: `tag` is its identifier octet. */
export function element(tag: number, content: Uint8Array): Uint8Array {
  const header = [tag, ...lengthOctets(content.length)]
  const whole = new Uint8Array(header.length + content.length)
  whole.set(header)
  whole.set(content, header.length)
  return whole
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, concat(parts))
}

/** Of one member: members of larger sets would have to be sorted. */
export function setOf(member: Uint8Array): Uint8Array {
  return element(TAG.set, member)
}

/** `number` below 128. */
export function smallInteger(number: number): Uint8Array {
  return Uint8Array.of(0x02, 1, number)
}

/** Whole octets only. */
export function bitString(content: Uint8Array): Uint8Array {
  return element(TAG.bitString, concat([Uint8Array.of(0), content]))
}

export function octetString(content: Uint8Array): Uint8Array {
  return element(TAG.octetString, content)
}

export function utf8String(text: string): Uint8Array {
  return element(TAG.utf8, new TextEncoder().encode(text))
}

/** `dotted` such as `1.2.840.10045.4.3.2`; X.690 section 8.19. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  return element(0x06, Uint8Array.from([first * 40 + second, ...others].flatMap(base128)))
}

/** A context-specific element, such as `[0]`. */
export function tagged(number: number, content: Uint8Array, constructed: boolean): Uint8Array {
  return element(0x80 | (constructed ? 0x20 : 0) | number, content)
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function base128(value: number): number[] {
  const octets = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80)
  return octets
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff)
  return [0x80 | octets.length, ...octets]
}
