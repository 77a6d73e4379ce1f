import { absolutePath } from './paths.ts'
import type { Section } from './section.ts'
import type { Translated } from './templates.ts'
import { durationText } from './values.ts'

/** A `sink`: the token as a file. Undefined when it cannot be made one; that was told then. */
export function readSink(
  section: Section,
  label: string | undefined,
  given: { readonly cwd: string; readonly environment: (name: string) => string | undefined },
): Translated | undefined {
  const type = section.text('type') ?? label
  if (type !== 'file') {
    section.say(
      'error',
      '',
      type === undefined ? 'the sink has no type' : `unknown sink type "${type}"`,
      'there is one type: file',
    )
    return undefined
  }
  const config = section.block('config') ?? section.nothing('config')
  const path = config.text('path')
  if (path === undefined || path === '') config.say('error', '', "missing 'path' value")
  const mode = config.mode('mode') ?? '0640'
  const owner = config.whole('uid') ?? config.text('owner')
  const group = config.whole('gid') ?? config.text('group')
  config.end()
  const wrap = section.duration('wrap_ttl')
  const encryption = readEncryption(section, given)
  section.end()
  if (path === undefined || path === '') return undefined
  const others = Number.parseInt(mode, 8) & 0o007
  if ((others & 0o002) !== 0) {
    config.say(
      'error',
      'mode',
      `${mode} would let everybody write the token`,
      'take away the last write permission',
    )
    return undefined
  }
  return {
    entry: {
      token: {
        path: absolutePath(given.cwd, path),
        mode,
        ...(others !== 0 && { readableByAll: true }),
        ...(owner !== undefined && owner !== -1 && { owner: String(owner) }),
        ...(group !== undefined && group !== -1 && { group: String(group) }),
        ...(wrap !== undefined && wrap > 0 && { wrapTtl: durationText(Math.max(1000, wrap)) }),
        ...(encryption !== undefined && { encrypt: encryption }),
      },
    },
    place: section.place,
    label: path,
  }
}

function readEncryption(
  section: Section,
  given: { readonly cwd: string; readonly environment: (name: string) => string | undefined },
): Readonly<Record<string, unknown>> | undefined {
  const type = section.text('dh_type')
  const path = section.text('dh_path')
  const derive = section.boolean('derive_key') ?? false
  const aad = section.text('aad')
  const variable = section.text('aad_env_var')
  if (type === undefined || type === '') {
    for (const key of ['dh_path', 'derive_key', 'aad', 'aad_env_var'])
      if (section.has(key))
        section.say('error', key, 'has no effect without dh_type', 'add dh_type = "curve25519"')
    return undefined
  }
  if (type !== 'curve25519') section.say('error', 'dh_type', `expected curve25519, got ${type}`)
  if (path === undefined) section.say('error', '', 'dh_type needs dh_path, the file with the public key')
  const fromVariable = variable === undefined ? undefined : given.environment(variable)
  if (aad !== undefined && variable !== undefined)
    section.say('warning', 'aad_env_var', 'is given beside aad, and counts instead of it')
  if (variable !== undefined && !fromVariable)
    section.say(
      'warning',
      'aad_env_var',
      `the environment variable ${variable} is not set: there is no additional data`,
    )
  const data = variable === undefined ? aad : fromVariable
  if (path === undefined) return undefined
  return {
    publicKeyFile: absolutePath(given.cwd, path),
    ...(derive && { deriveKey: true }),
    ...(data !== undefined && data !== '' && { aad: data }),
  }
}
