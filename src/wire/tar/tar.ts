/** A file of an archive. */
export interface TarFile {
  /** With forward slashes, relative, without `..`. */
  readonly name: string
  readonly bytes: Uint8Array
}

export interface TarLimits {
  readonly maxFiles: number
  /** Of all files together. */
  readonly maxBytes: number
}

/** An archive that is broken, or has in it what we do not unpack. The message is for people. */
export class TarError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TarError'
  }
}

const BLOCK = 512
const MAX_PAX_BYTES = 64 * 1024

/**
 * The files of an archive in the format ustar, with the extensions of pax (POSIX.1-2001) and GNU for long names. Folders
 * are left out; links, devices and names that lead elsewhere are refused. The bytes are those of the archive, not copies.
 */
export function readTar(archive: Uint8Array, { maxFiles, maxBytes }: TarLimits): TarFile[] {
  const files: TarFile[] = []
  let total = 0
  let longName: string | undefined
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every(byte => byte === 0)) return files
    checkSum(header)
    const size = number(header, 124, 12)
    const body = archive.subarray(at + BLOCK, at + BLOCK + size)
    if (body.length < size) throw new TarError('it ends in the middle of a file')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(header[156])
    if (type === 'x' || type === 'L') {
      if (size > MAX_PAX_BYTES) throw new TarError('a name in it is longer than 64 KiB')
      longName = type === 'L' ? text(body, 0, size) : (paxPath(body) ?? longName)
      continue
    }
    if (type === 'g') continue
    const name = longName ?? nameOf(header)
    longName = undefined
    if (type === '5') continue
    if (type !== '0' && type !== '\0') throw new TarError(`"${shown(name)}" is no plain file`)
    total += size
    if (files.length >= maxFiles) throw new TarError(`there are more than ${maxFiles} files in it`)
    if (total > maxBytes) throw new TarError(`its files have more than ${maxBytes} bytes`)
    files.push({ name: safeName(name), bytes: body })
  }
  throw new TarError('it has no end: was it cut off, or is it no tar archive?')
}

function nameOf(header: Uint8Array): string {
  const isPosix = text(header, 257, 5) === 'ustar' && header[262] === 0
  const prefix = isPosix ? text(header, 345, 155) : ''
  const name = text(header, 0, 100)
  return prefix === '' ? name : `${prefix}/${name}`
}

function safeName(name: string): string {
  const parts = name.split('/').filter(part => part !== '' && part !== '.')
  const leads = name.startsWith('/') || name.includes('\\') || /^[A-Za-z]:/.test(name) || parts.includes('..')
  if (leads || parts.length === 0) throw new TarError(`the name "${shown(name)}" leads out of the archive`)
  return parts.join('/')
}

/** Records are `LENGTH KEY=VALUE\n`; the length is that of the whole record in bytes. */
function paxPath(body: Uint8Array): string | undefined {
  let path: string | undefined
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at)
    const length = Number(text(body, at, Math.max(0, space - at)))
    if (space < 0 || !Number.isInteger(length) || length <= space - at + 1 || at + length > body.length)
      throw new TarError('an extended header in it is broken')
    const record = text(body, space + 1, length - (space + 1 - at) - 1)
    const equals = record.indexOf('=')
    if (record.slice(0, equals) === 'path') path = record.slice(equals + 1)
    at += length
  }
  return path
}

/** The sum of all bytes of the header, its own field taken for spaces. */
function checkSum(header: Uint8Array): void {
  let sum = 0
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]
  if (sum !== number(header, 148, 8)) throw new TarError('it is no tar archive, or it is damaged')
}

/** Octal digits; GNU's binary numbers are for sizes that we refuse anyway. */
function number(header: Uint8Array, at: number, length: number): number {
  const digits = text(header, at, length).trim()
  if (!/^[0-7]+$/.test(digits)) throw new TarError('it is no tar archive, or it is damaged')
  return Number.parseInt(digits, 8)
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
}

function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
}
