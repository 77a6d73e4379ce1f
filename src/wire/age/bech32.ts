const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** The bytes behind a prefix in Bech32 (BIP 173, without its limit of length); undefined when it is none, or changed. */
export function decodeBech32(text: string, prefix: string): Uint8Array | undefined {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return undefined
  const lower = text.toLowerCase()
  if (!lower.startsWith(`${prefix.toLowerCase()}1`)) return undefined
  const values = [...lower.slice(prefix.length + 1)].map(char => CHARSET.indexOf(char))
  if (values.length < 6 || values.includes(-1)) return undefined
  if (checksum([...expanded(prefix.toLowerCase()), ...values]) !== 1) return undefined
  return toBytes(values.slice(0, -6))
}

function expanded(prefix: string): number[] {
  const codes = [...prefix].map(char => char.charCodeAt(0))
  return [...codes.map(code => code >> 5), 0, ...codes.map(code => code & 31)]
}

function checksum(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [bit, part] of GENERATOR.entries()) if ((top >> bit) & 1) sum ^= part
  }
  return sum >>> 0
}

function toBytes(values: readonly number[]): Uint8Array | undefined {
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const value of values) {
    held = (held << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 255)
    }
    held &= (1 << bits) - 1
  }
  return bits >= 5 || held !== 0 ? undefined : Uint8Array.from(bytes)
}
