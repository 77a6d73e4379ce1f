import { join, resolve } from 'node:path'
import { compilePattern } from '../../../../kernel/pattern.ts'
import { parseIdentities } from '../../age/identity.ts'
import { readIdentities } from '../age/source.ts'
import { formatOfName } from '../document.ts'
import { DocumentSource } from '../document-source.ts'
import type { SourceHost } from '../host.ts'
import type { SopsSourceConfig } from './config.ts'
import { dataKeyOf } from './data-key.ts'
import { decryptSops, SopsError } from './decrypt.ts'
import { readSopsDocument } from './document.ts'
import { ageOpener, kmsOpener, transitOpener } from './key-openers.ts'

/** Opens the file's source; the file and its key are read with the first fetch. */
export function openSopsSource(config: SopsSourceConfig, host: SourceHost): DocumentSource {
  const path = resolve(config.path)
  const named = formatOfName(path)
  const format = config.format ?? (named === 'text' ? 'yaml' : named)
  const keys = keysOf(config, host.env)
  const openers = {
    age: ageOpener(async () => ('path' in keys ? readIdentities(keys.path) : parseIdentities(keys.text))),
    hc_vault: transitOpener(host.bases.get('source'), host.signal),
    kms: kmsOpener(config.aws, host),
  }
  const source = new DocumentSource({
    path,
    alsoWatched: 'path' in keys ? [keys.path] : [],
    maxBytes: config.maxSizeBytes,
    clock: host.clock,
    read: async bytes => {
      const document = await readSopsDocument(bytes.toString(), format)
      return decryptSops(document, await dataKeyOf(document.metadata, openers), patternTest)
    },
  })
  host.scope.use(source)
  return source
}

/** Where the keys are: as configured, else where SOPS itself looks. */
function keysOf(
  { key, keyFile }: SopsSourceConfig,
  env: SourceHost['env'],
): { readonly path: string } | { readonly text: string } {
  if (keyFile !== undefined) return { path: resolve(keyFile) }
  if (key !== undefined) return { text: key.reveal() }
  if (env['SOPS_AGE_KEY']) return { text: env['SOPS_AGE_KEY'] }
  if (env['SOPS_AGE_KEY_FILE']) return { path: resolve(env['SOPS_AGE_KEY_FILE']) }
  return { path: join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/', '.config'), 'sops/age/keys.txt') }
}

/** Patterns are Go's; of these only a leading `(?i)` is written in another way here. */
function patternTest(source: string): (text: string) => boolean {
  const ignoresCase = source.startsWith('(?i)')
  const pattern = compilePattern(ignoresCase ? source.slice('(?i)'.length) : source, ignoresCase ? 'i' : '')
  if ('reason' in pattern) throw new SopsError(`its pattern of keys cannot be used: ${pattern.reason}`)
  return text => pattern.regex.test(text)
}
