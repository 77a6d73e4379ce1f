import type { Split } from '../split.ts'

export const ENCODINGS = [
  'auto',
  'utf-8',
  'utf-16le',
  'utf-16be',
  'latin1',
  'iso-8859-2',
  'iso-8859-15',
  'windows-874',
  'windows-1250',
  'windows-1251',
  'windows-1252',
  'windows-1253',
  'windows-1254',
  'windows-1255',
  'windows-1256',
  'windows-1257',
  'windows-1258',
  'ibm866',
  'koi8-r',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'gbk',
  'gb18030',
  'big5',
] as const
export type EncodingOption = (typeof ENCODINGS)[number]

/** What one file is written in. */
export interface Encoding {
  readonly name: Exclude<EncodingOption, 'auto'>
  /** So many bytes at the beginning of the file are its mark, not text. */
  readonly markBytes: number
}

const MARKS = [
  { name: 'utf-8', bytes: Buffer.from('efbbbf', 'hex') },
  { name: 'utf-16le', bytes: Buffer.from('fffe', 'hex') },
  { name: 'utf-16be', bytes: Buffer.from('feff', 'hex') },
] as const

/**
 * What a file that begins with `head` is written in: a byte order mark says it for Unicode, else the option does.
 * Undefined when `head` is only the beginning of a mark.
 */
export function encodingOf(option: EncodingOption, head: Uint8Array): Encoding | undefined {
  const name = option === 'auto' ? 'utf-8' : option
  if (!name.startsWith('utf-')) return { name, markBytes: 0 }
  for (const mark of MARKS) {
    if (head.length > 0 && head.length < mark.bytes.length) {
      if (mark.bytes.subarray(0, head.length).equals(head)) return undefined
    } else if (head.length > 0 && mark.bytes.equals(head.subarray(0, mark.bytes.length))) {
      return { name: mark.name, markBytes: mark.bytes.length }
    }
  }
  return { name, markBytes: 0 }
}

/** How many bytes the smallest unit of text has. */
export function unitBytes({ name }: Encoding): 1 | 2 {
  return name === 'utf-16le' || name === 'utf-16be' ? 2 : 1
}

/** Lines in UTF-8, in a buffer of their own. */
export interface Transcoded {
  readonly bytes: Buffer
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** The lines in UTF-8; what is no text in their encoding becomes U+FFFD, and a mark at
 * the beginning of one, where a writer began anew, goes. Undefined when they are in UTF-8 already. */
export function transcode(bytes: Buffer, split: Split, { name }: Encoding): Transcoded | undefined {
  if (name === 'utf-8') return undefined
  const { count } = split
  const decode = decoderOf(name)
  const texts: string[] = []
  for (let i = 0; i < count; i++) texts.push(decode(bytes.subarray(split.starts[i], split.ends[i])))
  const all = Buffer.from(texts.join('\n'), 'utf8')
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    starts[i] = at
    at += Buffer.byteLength(texts[i])
    ends[i] = at++
  }
  return { bytes: all, starts, ends }
}

function decoderOf(name: Encoding['name']): (bytes: Buffer) => string {
  // In the web's encodings latin1 is another name of windows-1252.
  if (name === 'latin1') return bytes => bytes.toString('latin1')
  const decoder = new TextDecoder(name)
  return bytes => decoder.decode(bytes)
}
