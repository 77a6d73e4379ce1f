import type { SecretFormat } from '../../modules/secrets/templates/secret-content.ts'
import type { Call } from '../call.ts'
import { placeOf, storeOfCall } from './store-of-call.ts'
import { mistakeIn, numberOption } from './words.ts'

const FORMATS = ['value', 'yaml', 'json', 'env', 'properties']

export function mistake(call: Call): string | undefined {
  const wrong = mistakeIn(call, { positionals: [1, 2, 'PATH [KEY]'], options: ['version', 'output'] })
  const { output } = call.values
  if (wrong !== undefined || output === undefined || FORMATS.includes(String(output))) return wrong
  return `--output: expected ${FORMATS.join(', ')}, got "${String(output)}"`
}

/** `outrigger secrets get`. It is there to show values, so it does. */
export async function run(call: Call): Promise<number> {
  const [path, key] = placeAndKey(call)
  const { stdout } = call.io
  const where = await storeOfCall(call)
  const place = await placeOf(path, where)
  const [{ StoreSource }, { writeSecretAs }] = await Promise.all([
    import('../../modules/secrets/sources/store/source.ts'),
    import('../../modules/secrets/templates/secret-content.ts'),
  ])
  const version = numberOption(call, 'version')
  const source = new StoreSource(where.store, where.mount, Date.now)
  const value = await source.fetch({ path: place, ...(version !== undefined && { version }) })
  const format = (call.values['output'] ?? (key === undefined ? 'yaml' : 'value')) as SecretFormat
  const written = writeSecretAs(format, value, key, place)
  stdout.write(written)
  // A script gets the value as it is; a terminal its prompt on a line of its own.
  if (stdout.isTTY && format === 'value') stdout.write('\n')
  return 0
}

/** `PATH KEY`, or `PATH#KEY` as references have it. */
function placeAndKey({ positionals: [path = '', key] }: Call): readonly [string, string | undefined] {
  const at = path.indexOf('#')
  return key === undefined && at > 0 ? [path.slice(0, at), path.slice(at + 1)] : [path, key]
}
