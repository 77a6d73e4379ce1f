import { resolve } from 'node:path'
import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn, numberOption } from './words.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const DEFAULT_LENGTH = 32

export function mistake(call: Call): string | undefined {
  const wrong = mistakeIn(call, {
    positionals: [0, 2, 'nothing, or PATH KEY'],
    options: ['length', 'new-key-file'],
  })
  if (wrong !== undefined) return wrong
  const { length, 'new-key-file': keyFile } = call.values
  const count = call.positionals.length
  if (count === 1) return 'expected PATH KEY, or nothing to take a new key for the store'
  if (count === 0 && length !== undefined) return '--length is for PATH KEY'
  if (count === 2 && keyFile !== undefined) return '--new-key-file is for the key of the store'
  const characters = numberOption(call, 'length') ?? DEFAULT_LENGTH
  return characters < 8 || characters > 1024 ? '--length: expected 8 to 1024' : undefined
}

/** `outrigger secrets rotate` */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const where = await storeOfCall(call)
  const [path, key] = positionals
  if (path === undefined || key === undefined) {
    const file = values['new-key-file']
    await where.store.rotate(
      file === undefined ? undefined : { kind: 'file', path: resolve(io.cwd, String(file)) },
    )
    io.stdout.write(`the store is sealed under a new key; copies of it from before need the old one\n`)
    return 0
  }
  const place = await placeOf(path, where)
  const value = randomText(numberOption(call, 'length') ?? DEFAULT_LENGTH)
  const { isReadable } = await import('../../modules/secrets/store/kv.ts')
  const version = await where.store.update(content => {
    const nowMs = Date.now()
    const before = content.version(place)?.is
    const kept = before && isReadable(before, nowMs) ? (before.data ?? []) : []
    return content.put(
      place,
      new Map([...kept, [key, value]]),
      nowMs,
      content.secrets.get(place)?.currentVersion ?? 0,
    ).version
  })
  io.stdout.write(`${key} of ${place} has a new random value in version ${version}\n`)
  return 0
}

/** Letters and digits, each as likely as every other. */
function randomText(length: number): string {
  const { randomInt } = process.getBuiltinModule('node:crypto')
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
