import { resolve } from 'node:path'
import { AgeError } from '../../../../wire/age/error.ts'
import { decryptAge } from '../../age/decrypt.ts'
import { type AgeIdentity, parseIdentities } from '../../age/identity.ts'
import { DocumentError, formatOfName, readDocument } from '../document.ts'
import { DocumentSource } from '../document-source.ts'
import type { SourceHost } from '../host.ts'
import { FileProblem, readWholeFile } from '../whole-file.ts'
import type { AgeSourceConfig } from './config.ts'

const MAX_KEY_FILE_BYTES = 64 * 1024

/** Opens the file's source; the file and its key are read with the first fetch. */
export function openAgeSource(config: AgeSourceConfig, host: SourceHost): DocumentSource {
  const path = resolve(config.path)
  const format = config.format ?? formatOfName(path.replace(/\.age$/i, ''))
  const keyFile = config.keyFile === undefined ? undefined : resolve(config.keyFile)
  const source = new DocumentSource({
    path,
    alsoWatched: keyFile === undefined ? [] : [keyFile],
    maxBytes: config.maxSizeBytes,
    clock: host.clock,
    read: async bytes =>
      readDocument((await decrypted(bytes, () => identitiesOf(config, keyFile))).toString(), format),
  })
  host.scope.use(source)
  return source
}

async function decrypted(bytes: Buffer, identities: () => Promise<readonly AgeIdentity[]>): Promise<Buffer> {
  try {
    return await decryptAge(bytes, await identities())
  } catch (error) {
    if (!(error instanceof AgeError)) throw error
    throw new DocumentError(error.message, error.reason === 'no_key' ? 'forbidden' : 'invalid', error)
  }
}

async function identitiesOf(
  { key, passphrase }: AgeSourceConfig,
  keyFile: string | undefined,
): Promise<AgeIdentity[]> {
  if (passphrase !== undefined) return [{ kind: 'passphrase', text: passphrase.reveal() }]
  return keyFile === undefined ? parseIdentities(key?.reveal() ?? '') : readIdentities(keyFile)
}

/** The keys in a file; rejects with a DocumentError that names it. */
export async function readIdentities(path: string): Promise<AgeIdentity[]> {
  try {
    return parseIdentities((await readWholeFile(path, MAX_KEY_FILE_BYTES)).bytes.toString())
  } catch (error) {
    const reason = error instanceof FileProblem ? error.reason : 'invalid'
    throw new DocumentError(`the key file ${path} cannot be used: ${(error as Error).message}`, reason, error)
  }
}
