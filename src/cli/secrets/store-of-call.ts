import { resolve } from 'node:path'
import { systemClock } from '../../kernel/clock/system.ts'
import { entryNames } from '../../kernel/config/entry-names.ts'
import type { SecretsConfig } from '../../modules/secrets/config.ts'
import type { KeySource } from '../../modules/secrets/store/key-sources.ts'
import type { SecretStore } from '../../modules/secrets/store/store.ts'
import type { Call } from '../call.ts'
import { configurationFiles, loadForCall } from '../configuration.ts'

/** The store that a call means. */
export interface StoreOfCall {
  readonly store: SecretStore
  readonly key: KeySource
  /** What its paths may begin with. */
  readonly mount: string
}

const MAX_BYTES = 16 * 1024 * 1024

/** Names that HTTP would take for steps between folders could be set, and never asked for. */
const PATH = /^(?!\.{1,2}(?:\/|$))[^/\p{Cc}]+(?:\/(?!\.{1,2}(?:\/|$))[^/\p{Cc}]+)*$/u

/** Rejects with a message for people when the call, the environment and the configuration name none. */
export async function storeOfCall(call: Call): Promise<StoreOfCall> {
  const { values, io } = call
  const path = option(values['store']) ?? io.env['OUTRIGGER_STORE']
  const given = values['config'] as readonly string[] | undefined
  if (path === undefined) {
    const configured =
      given !== undefined || configurationFiles(call).length > 0 ? await configuredStore(call) : undefined
    if (configured !== undefined) return configured
  }
  return named(resolve(io.cwd, path ?? 'secrets.store'), keyOfCall(call))
}

/** A path as the store has it, which users may write as Vault does. */
export async function placeOf(path: string, { mount }: StoreOfCall): Promise<string> {
  const { storePath } = await import('../../modules/secrets/sources/store/source.ts')
  const place = storePath(path, mount)
  if (place === '' || !PATH.test(place)) throw new Error(`"${path}" is no path of a secret, such as app/db`)
  return place
}

function keyOfCall({ values, io: { cwd, env } }: Call): KeySource | undefined {
  const file = option(values['key-file']) ?? env['OUTRIGGER_STORE_KEY_FILE']
  if (file !== undefined) return { kind: 'file', path: resolve(cwd, file) }
  const name = 'OUTRIGGER_STORE_KEY'
  if (env[name] !== undefined) return { kind: 'variable', name, value: env[name] }
  const text = env['OUTRIGGER_STORE_PASSPHRASE']
  return text === undefined ? undefined : { kind: 'passphrase', text }
}

async function named(
  path: string,
  key: KeySource | undefined,
  maxBytes = MAX_BYTES,
  mount = 'secret',
): Promise<StoreOfCall> {
  const { SecretStore } = await import('../../modules/secrets/store/store.ts')
  const source = key ?? { kind: 'file', path: path.replace(/(?:\.store)?$/, '.key') }
  return { store: new SecretStore({ path, key: source, maxBytes, clock: systemClock() }), key: source, mount }
}

/** Undefined when the configuration has no store, and none was asked for by name. */
async function configuredStore(call: Call): Promise<StoreOfCall | undefined> {
  const loaded = await loadForCall(call)
  if (!loaded.ok) throw new Error(`the configuration cannot be used:\n${loaded.report}`)
  const secrets = loaded.configuration.modules.get('secrets')?.config as SecretsConfig | undefined
  const sources = secrets?.sources ?? []
  const names = entryNames(sources)
  const wanted = option(call.values['source'])
  const index = sources.findIndex(
    ({ kind }, number) => kind === 'store' && (wanted === undefined || names[number] === wanted),
  )
  const found = sources[index]
  if (found?.kind !== 'store') {
    if (wanted !== undefined) throw new Error(`the configuration has no store named "${wanted}"`)
    return undefined
  }
  const { keySource } = await import('../../modules/secrets/sources/store/source.ts')
  const { path, maxSizeBytes, mount } = found.config
  const key = keyOfCall(call) ?? keySource(found.config, call.io.env)
  return named(resolve(call.io.cwd, path), key, maxSizeBytes, mount)
}

function option(value: Call['values'][string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}
