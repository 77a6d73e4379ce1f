import { resolve } from 'node:path'
import { type SecretData, SecretValue } from '../../secret/value.ts'
import { formatOfName, readDocument } from '../document.ts'
import { DocumentSource } from '../document-source.ts'
import type { SourceHost } from '../host.ts'
import { type SecretSource, SourceFailure } from '../source.ts'
import { textOrBytes } from '../whole-file.ts'
import { ciphertextsIn, withPlaintexts } from './ciphertexts.ts'
import type { TransitSourceConfig } from './config.ts'
import { decryptByTransit } from './engine.ts'

/** Opens the source; the server is asked with the first fetch. */
export function openTransitSource(config: TransitSourceConfig, host: SourceHost): SecretSource {
  const server = host.bases.get('source')!
  const inner = host.bases.get('from')
  const opened = (data: SecretData, where: string, signal: AbortSignal) =>
    openedBy(server, config, data, where, signal)
  if (inner !== undefined) return decrypted(inner, host.name, opened)
  const path = resolve(config.path!)
  const format = config.format ?? formatOfName(path)
  const source = new DocumentSource({
    path,
    alsoWatched: [],
    maxBytes: config.maxSizeBytes,
    clock: host.clock,
    read: async bytes => opened(await readDocument(bytes.toString(), format), path, host.signal),
  })
  host.scope.use(source)
  return source
}

/** What another source gives, decrypted: all else, as leases and changes, is its own matter. */
function decrypted(
  inner: SecretSource,
  name: string,
  opened: (data: SecretData, where: string, signal: AbortSignal) => Promise<SecretData>,
): SecretSource {
  const { intervalMs } = inner
  return {
    fetch: async (request, signal) => {
      const value = await inner.fetch(request, signal)
      const document = await opened(value.document, `${name}:${request.path}`, signal)
      const data = value.data === value.document ? document : innerData(document)
      return new SecretValue({ ...value, data, document })
    },
    health: () => inner.health(),
    ...(inner.list !== undefined && { list: inner.list.bind(inner) }),
    ...(inner.watch !== undefined && { watch: inner.watch.bind(inner) }),
    ...(inner.renew !== undefined && { renew: inner.renew.bind(inner) }),
    ...(inner.revoke !== undefined && { revoke: inner.revoke.bind(inner) }),
    ...(inner.onDoubt !== undefined && { onDoubt: inner.onDoubt.bind(inner) }),
    ...(inner.leasesEndAtMs !== undefined && { leasesEndAtMs: inner.leasesEndAtMs.bind(inner) }),
    ...(intervalMs !== undefined && { intervalMs }),
  }
}

/** Of KV version 2 the data lies one level deeper. */
function innerData(document: SecretData): SecretData {
  const data = document.get('data')
  return data instanceof Map ? (data as SecretData) : document
}

/** The data with its plaintexts. Rejects with a SourceFailure that names the entries which the server does not decrypt. */
async function openedBy(
  server: SecretSource,
  key: TransitSourceConfig,
  data: SecretData,
  where: string,
  signal: AbortSignal,
): Promise<SecretData> {
  const places = ciphertextsIn(data)
  const ciphertexts = [...places.keys()]
  if (ciphertexts.length === 0) return data
  const results = await decryptByTransit(server, key, ciphertexts, signal)
  const plaintexts = new Map<string, string | Uint8Array>()
  const refused: string[] = []
  for (const [index, ciphertext] of ciphertexts.entries()) {
    const result = results[index]!
    if ('bytes' in result) plaintexts.set(ciphertext, textOrBytes(result.bytes))
    else refused.push(`${places.get(ciphertext)} (${result.error})`)
  }
  if (refused.length === 0) return withPlaintexts(data, plaintexts)
  const others = refused.length > 3 ? ` and ${refused.length - 3} more` : ''
  throw new SourceFailure(
    'invalid',
    `${where}: the key ${key.key} of ${key.mount} does not decrypt ${refused.slice(0, 3).join(', ')}${others}`,
  )
}
