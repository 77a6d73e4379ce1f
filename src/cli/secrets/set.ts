import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { KvData } from '../../modules/secrets/store/kv.ts'
import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn, numberOption } from './words.ts'

const PAIR = /^([^=]+)=([\s\S]*)$/
const MAX_INPUT_BYTES = 8 * 1024 * 1024

export function mistake(call: Call): string | undefined {
  const accepted = {
    positionals: [2, 1000, 'PATH KEY=VALUE ..., where VALUE can be @FILE, or - for standard input'],
    options: ['replace', 'cas'],
  } as const
  const wrong = mistakeIn(call, accepted)
  if (wrong !== undefined) return wrong
  const pairs = call.positionals.slice(1)
  const noPair = pairs.findIndex(each => !PAIR.test(each))
  // What stands there may be a value.
  if (noPair >= 0) return `argument ${noPair + 2}: expected KEY=VALUE, KEY=@FILE or KEY=-`
  if (pairs.filter(each => each.endsWith('=-')).length > 1) return 'standard input can be only one value'
  return undefined
}

/** `outrigger secrets set` */
export async function run(call: Call): Promise<number> {
  const [path = '', ...pairs] = call.positionals
  const where = await storeOfCall(call)
  const place = await placeOf(path, where)
  const given = new Map<string, string>()
  for (const pair of pairs) {
    const [, key, value] = PAIR.exec(pair)!
    given.set(key!, await givenValue(value!, call))
  }
  const { isReadable } = await import('../../modules/secrets/store/kv.ts')
  const cas = numberOption(call, 'cas')
  const version = await where.store.update(content => {
    const nowMs = Date.now()
    const before = content.version(place)?.is
    const kept: KvData =
      call.values['replace'] !== true && before && isReadable(before, nowMs)
        ? (before.data ?? new Map())
        : new Map()
    const secret = content.secrets.get(place)
    // The lock is held: the newest version is the one that was read.
    const known = cas ?? (secret?.casRequired ? secret.currentVersion : undefined)
    return content.put(place, new Map([...kept, ...given]), nowMs, known).version
  })
  call.io.stdout.write(`${place} has version ${version}\n`)
  return 0
}

async function givenValue(written: string, { io }: Call): Promise<string> {
  if (written === '-') return text(await readAll(io.stdin), 'standard input').replace(/\r?\n$/, '')
  if (!written.startsWith('@')) return written
  const path = written.slice(1)
  const bytes = await readFile(resolve(io.cwd, path)).catch(error => {
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  })
  return text(bytes, path)
}

/** Standard input to its end. */
export async function readAll(input: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk))
    length += chunk.length
    if (length > MAX_INPUT_BYTES) throw new Error('standard input is larger than 8 MiB')
  }
  return Buffer.concat(chunks)
}

function text(bytes: Buffer, from: string): string {
  const { isUtf8 } = process.getBuiltinModule('node:buffer')
  if (!isUtf8(bytes))
    throw new Error(`${from} is no text: values are; use base64 and base64Decode in the template`)
  return bytes.toString()
}
