import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DocumentFormat } from '../../modules/secrets/sources/document.ts'
import type { KvData } from '../../modules/secrets/store/kv.ts'
import type { Call } from '../call.ts'
import { readAll } from './set.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn } from './words.ts'

const FORMATS = ['json', 'yaml', 'env']

export function mistake(call: Call): string | undefined {
  const wrong = mistakeIn(call, {
    positionals: [1, 1, 'a FILE or folder, or - for standard input'],
    options: ['path', 'format', 'replace'],
  })
  const { format } = call.values
  if (wrong !== undefined) return wrong
  if (format !== undefined && !FORMATS.includes(String(format)))
    return `--format: expected ${FORMATS.join(', ')}, got "${String(format)}"`
  return call.positionals[0] === '-' && format === undefined
    ? '--format is missing: standard input has no name'
    : undefined
}

/** `outrigger secrets import`: all secrets of a file or folder, or none when one of them cannot be read. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const where = await storeOfCall(call)
  const prefix = values['path'] === undefined ? undefined : await placeOf(String(values['path']), where)
  const found = await read(positionals[0]!, prefix, call)
  const secrets = await Promise.all(
    [...found].map(async ([path, data]) => [await placeOf(path, where), data] as const),
  )
  if (secrets.length === 0) throw new Error(`${positionals[0]} has no secrets`)
  const { isReadable } = await import('../../modules/secrets/store/kv.ts')
  await where.store.update(content => {
    const nowMs = Date.now()
    for (const [place, data] of secrets) {
      const before = content.version(place)?.is
      const kept =
        values['replace'] !== true && before && isReadable(before, nowMs) ? (before.data ?? []) : []
      content.put(place, new Map([...kept, ...data]), nowMs, content.secrets.get(place)?.currentVersion ?? 0)
    }
  })
  for (const [place, data] of secrets) io.stdout.write(`${place}: ${[...data.keys()].join(', ')}\n`)
  return 0
}

type Found = ReadonlyMap<string, KvData>

async function read(name: string, prefix: string | undefined, { io, values }: Call): Promise<Found> {
  const path = resolve(io.cwd, name)
  if (name !== '-' && (await stat(path).catch(failed(name))).isDirectory()) return readFolder(path, prefix)
  const { formatOfName, readDocument } = await import('../../modules/secrets/sources/document.ts')
  const bytes = name === '-' ? await readAll(io.stdin) : await readFile(path).catch(failed(name))
  const format = (values['format'] ?? formatOfName(name)) as DocumentFormat
  if (format === 'text')
    throw new Error(`${name}: its name does not tell what it is: add --format json, yaml or env`)
  const data = await readDocument(bytes.toString(), format).catch(error => {
    throw new Error(`${name}: ${(error as Error).message}`)
  })
  refuseEncrypted(name, data)
  return secretsIn(data, prefix)
}

/** Its ciphertexts would become the values. */
function refuseEncrypted(name: string, data: KvData): void {
  const isSops = data.get('sops') instanceof Map || (data.has('sops_mac') && data.has('sops_version'))
  if (isSops)
    throw new Error(
      `${name} is encrypted by SOPS: a source sops reads it as it is; to import it, decrypt it first, as in sops -d ${name} | outrigger secrets import - --format yaml`,
    )
}

/** One secret, or mappings by path; of what Vault prints, the entries. */
function secretsIn(data: KvData, prefix: string | undefined): Found {
  const ofVault = vaultData(data)
  const entries = ofVault ?? data
  if (ofVault === undefined && entries.size > 0 && [...entries.values()].every(each => each instanceof Map))
    return new Map(
      [...entries].map(([path, inner]) => [
        prefix === undefined ? path : `${prefix}/${path}`,
        inner as KvData,
      ]),
    )
  if (prefix === undefined) throw new Error('these are the entries of one secret: say which by --path')
  return new Map([[prefix, entries]])
}

/** `vault kv get -format=json`: the data of KV version 2, or of version 1. */
function vaultData(answer: KvData): KvData | undefined {
  const data = answer.get('data')
  if (!answer.has('lease_duration') || !(data instanceof Map)) return undefined
  const inner = data.get('data')
  return inner instanceof Map && data.get('metadata') instanceof Map ? inner : data
}

/** A file is an entry, as mounted Secrets have it, and a folder in it a secret below. */
async function readFolder(path: string, prefix: string | undefined): Promise<Found> {
  const found = new Map<string, Map<string, string>>()
  for (const name of (await readdir(path)).filter(each => !each.startsWith('.')).sort()) {
    const inner = join(path, name)
    if ((await stat(inner)).isDirectory()) {
      for (const [place, data] of await readFolder(inner, prefix === undefined ? name : `${prefix}/${name}`))
        found.set(place, data as Map<string, string>)
      continue
    }
    if (prefix === undefined) throw new Error(`${name} is an entry of a secret: say which by --path`)
    const bytes = await readFile(inner)
    if (!process.getBuiltinModule('node:buffer').isUtf8(bytes))
      throw new Error(`${inner} is no text: values are`)
    const data = found.get(prefix) ?? new Map<string, string>()
    found.set(prefix, data.set(name, bytes.toString()))
  }
  return found
}

function failed(name: string) {
  return (error: NodeJS.ErrnoException): never => {
    throw new Error(`${name} cannot be read: ${error.code}`)
  }
}
