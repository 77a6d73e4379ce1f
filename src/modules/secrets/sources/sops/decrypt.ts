import type { Hash } from 'node:crypto'
import { JsonNumber, type LosslessJson } from '../../../../wire/json/lossless.ts'
import { type PatternTest, type SopsRule, sopsRule } from '../../../../wire/sops/rules.ts'
import { parseSopsValue, type SopsValue } from '../../../../wire/sops/value.ts'
import { type DocumentData, DocumentError } from '../document.ts'
import type { SopsDocument } from './document.ts'

/** Why a file could not be decrypted; the message may name keys of it, and never a value. */
export class SopsError extends DocumentError {
  override readonly name = 'SopsError'
}

/** What a MAC begins with that is of encrypted values alone (SOPS, `mac_only_encrypted`). */
const MAC_ONLY_ENCRYPTED = '8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69'

/** A comment that stood in a list, where it takes a place as if it were a value. */
const COMMENT = Symbol('comment')

interface Reading {
  readonly key: Uint8Array
  readonly rule: SopsRule
  readonly mac: Hash
  readonly macOnlyEncrypted: boolean
}

/** The values of a file, once they are known to be those that were encrypted. Throws a SopsError. */
export function decryptSops(
  { tree, metadata }: SopsDocument,
  key: Uint8Array,
  test: PatternTest,
): DocumentData {
  const macOnlyEncrypted = String(metadata.get('mac_only_encrypted')) === 'true'
  const mac = process.getBuiltinModule('node:crypto').createHash('sha512')
  if (macOnlyEncrypted) mac.update(Buffer.from(MAC_ONLY_ENCRYPTED, 'hex'))
  const reading = { key, rule: sopsRule(metadata, test), mac, macOnlyEncrypted }
  const data = readMapping(tree, [], reading)
  const written = parseSopsValue(String(metadata.get('mac')))
  const expected = written && open(written, key, String(metadata.get('lastmodified')))
  if (expected?.toString() !== mac.digest('hex').toUpperCase())
    throw new SopsError('it was changed after it was encrypted: its MAC does not fit')
  return data
}

function readMapping(mapping: DocumentData, keys: readonly string[], reading: Reading): DocumentData {
  const read = new Map<string, LosslessJson>()
  for (const [key, value] of mapping) {
    const inner = readValue(value, [...keys, key], reading)
    if (inner !== COMMENT) read.set(key, inner)
  }
  return read
}

function readValue(
  value: LosslessJson,
  keys: readonly string[],
  reading: Reading,
): LosslessJson | typeof COMMENT {
  if (value === null) return null
  if (value instanceof Map) return readMapping(value, keys, reading)
  if (Array.isArray(value))
    return value.map(item => readValue(item, keys, reading)).filter(item => item !== COMMENT)
  return readLeaf(value as string | boolean | JsonNumber, keys, reading)
}

function readLeaf(
  value: string | boolean | JsonNumber,
  keys: readonly string[],
  reading: Reading,
): LosslessJson | typeof COMMENT {
  const { rule, mac, macOnlyEncrypted } = reading
  const encrypted = typeof value === 'string' ? parseSopsValue(value) : undefined
  const ruled = rule(keys)
  if (ruled === false || (ruled === 'marked' && encrypted === undefined)) {
    if (!macOnlyEncrypted) mac.update(signedText(value))
    return value
  }
  if (value === '') return ''
  if (encrypted === undefined) throw new SopsError(`${keys.join('.')} is to be encrypted, and is not`)
  const opened = open(encrypted, reading.key, `${keys.join(':')}:`)
  if (opened === undefined) throw new SopsError(`${keys.join('.')} was changed after it was encrypted`)
  const decoded = decodedValue(opened, encrypted.type, keys)
  if (decoded !== COMMENT) mac.update(encrypted.type === 'bool' ? signedText(decoded as boolean) : opened)
  return decoded
}

function decodedValue(bytes: Buffer, type: string, keys: readonly string[]): LosslessJson | typeof COMMENT {
  const text = bytes.toString()
  switch (type) {
    case 'str':
    case 'time':
    case 'bytes':
      return text
    case 'int':
    case 'float':
      return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? new JsonNumber(text) : text
    case 'bool':
      return /^(?:1|t|true)$/i.test(text)
    case 'comment':
      return COMMENT
    default:
      throw new SopsError(`${keys.join('.')} is of the kind "${type}", which is not known here`)
  }
}

/** A value that is not encrypted as SOPS signs it. */
function signedText(value: string | boolean | JsonNumber): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'string' || /^-?\d+$/.test(value.text)) return String(value)
  return withoutExponent(String(Number(value.text)))
}

/** The shortest digits of a number, and zeros in place of its exponent. */
function withoutExponent(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(number) ?? []
  if (exponent === undefined) return number
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0')
}

function open({ data, iv, tag }: SopsValue, key: Uint8Array, additional: string): Buffer | undefined {
  const { createDecipheriv } = process.getBuiltinModule('node:crypto')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
    decipher.setAAD(Buffer.from(additional))
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(data), decipher.final()])
  } catch {
    return undefined
  }
}
