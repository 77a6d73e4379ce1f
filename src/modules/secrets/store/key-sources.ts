import { open } from 'node:fs/promises'
import type { SealingSecret } from './sealing.ts'

/** Where the key of a store is. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string; readonly value: string | undefined }
  | { readonly kind: 'passphrase'; readonly text: string }

/** The key cannot be had; the message says where from and what to do. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
}

const KEY_BYTES = 32
const MAX_KEY_FILE_BYTES = 4096

export async function readKey(source: KeySource): Promise<SealingSecret> {
  switch (source.kind) {
    case 'file':
      return { kind: 'key', bytes: parseKey(await readKeyFile(source.path), source.path) }
    case 'variable':
      if (source.value === undefined || source.value === '')
        throw new KeyError(`the environment has no ${source.name}, which is to hold the key`)
      return { kind: 'key', bytes: parseKey(source.value, source.name) }
    case 'passphrase':
      if (source.text === '') throw new KeyError('the passphrase is empty')
      return { kind: 'passphrase', text: source.text }
  }
}

/** A new key as key files hold it. */
export function generateKey(): string {
  return `${process.getBuiltinModule('node:crypto').randomBytes(KEY_BYTES).toString('base64')}\n`
}

async function readKeyFile(path: string): Promise<string> {
  let file: Awaited<ReturnType<typeof open>>
  try {
    file = await open(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const hint = code === 'ENOENT' ? '; outrigger secrets init makes one' : ''
    throw new KeyError(`the key file ${path} cannot be read: ${code}${hint}`, { cause: error })
  }
  try {
    const { mode, size } = await file.stat()
    if ((mode & 0o027) !== 0)
      throw new KeyError(
        `the key file ${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}: others may read it; use chmod 600, or defaultMode: 0400 for a mounted Secret`,
      )
    if (size > MAX_KEY_FILE_BYTES) throw new KeyError(`the key file ${path} is too large to be one`)
    return await file.readFile('latin1')
  } finally {
    await file.close()
  }
}

/** 32 bytes as base64 or hexadecimal digits; at least so many, for keys that other tools have made. */
function parseKey(text: string, where: string): Uint8Array {
  const trimmed = text.trim()
  const bytes = /^[0-9a-fA-F]{64,}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)
      ? Buffer.from(trimmed, 'base64')
      : undefined
  if (bytes === undefined || bytes.length < KEY_BYTES)
    throw new KeyError(
      `${where} holds no key: expected at least ${KEY_BYTES} random bytes in base64 or hexadecimal digits, as outrigger secrets init makes them`,
    )
  return bytes
}
