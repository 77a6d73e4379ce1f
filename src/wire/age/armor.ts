import { AgeError } from './error.ts'

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----'
const END = '-----END AGE ENCRYPTED FILE-----'

export function isArmored(text: string): boolean {
  return text.trimStart().startsWith(BEGIN)
}

/** The bytes in a file of age that is written as text (C2SP, age v1, "ASCII armor"). Throws an AgeError. */
export function dearmor(text: string): Uint8Array {
  const lines = text.trim().split(/\r?\n/)
  const body = lines.slice(1, -1)
  const last = body.at(-1) ?? ''
  const isWhole = body.slice(0, -1).every(line => line.length === 64) && last.length > 0 && last.length <= 64
  const joined = body.join('')
  if (lines[0] !== BEGIN || lines.at(-1) !== END || !isWhole || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined))
    throw damaged()
  if (joined.length % 4 !== 0) throw damaged()
  const bytes = atob(joined)
  if (btoa(bytes) !== joined) throw damaged()
  return Uint8Array.from(bytes, char => char.charCodeAt(0))
}

function damaged(): AgeError {
  return new AgeError('damaged', 'its armor is damaged')
}
