import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { mapIn } from '../../../backends/vault/answers.ts'
import type { VaultAnswer } from '../../../backends/vault/client.ts'
import { VaultError } from '../../../backends/vault/error.ts'
import type { Mounts, versionedPath } from '../../../modules/secrets/sources/vault/mounts.ts'
import {
  type GeneratedVariable,
  generatedConfiguration,
} from '../../../personalities/vault-agent/generate.ts'
import type { Io } from '../../io.ts'
import { isHelp } from './help.ts'
import { type OneRequest, readClientFlags, withServer } from './one-request.ts'

const USAGE = `Usage: vault agent generate-config -type=env-template [options] [path/to/config.hcl]

  Writes a configuration that runs a command with secrets in its environment.

  -type=env-template    The kind of configuration; there is one.
  -exec=<command>       The command; env unless given.
  -path=<path>          A secret, or with /* at its end all below it; may be repeated.
`

/** `vault agent generate-config -type=env-template -exec=… -path=… FILE`: 0 when it was written, 1 or 2 when not. */
export async function generateConfig(args: readonly string[], io: Io): Promise<number> {
  if (args.some(isHelp)) {
    io.stdout.write(USAGE)
    return 0
  }
  const own = { type: '', exec: 'env', paths: [] as string[] }
  const others: string[] = []
  for (let at = 0; at < args.length; at++) {
    const match = /^--?(type|exec|path)(?:=([\s\S]*))?$/.exec(args[at]!)
    if (match === null) {
      others.push(args[at]!)
      continue
    }
    const value = match[2] ?? args[++at] ?? ''
    if (match[1] === 'path') own.paths.push(value)
    else own[match[1] as 'type' | 'exec'] = value
  }
  const flags = readClientFlags(others, io)
  if (typeof flags === 'string') return wrong(flags, io)
  if (own.type !== 'env-template') return wrong('expected -type=env-template', io)
  if (own.paths.length === 0) return wrong('expected -path=PATH of a secret', io)
  const [file = 'agent.hcl', ...more] = flags.commandLine.rest
  if (more.length > 0)
    return wrong(`Too many arguments (expected 0-1, got ${flags.commandLine.rest.length})`, io)
  return withServer(flags.commandLine, io, async request => {
    try {
      const variables: GeneratedVariable[] = []
      const secrets = new Secrets(request, await import('../../../modules/secrets/sources/vault/mounts.ts'))
      for (const path of own.paths) variables.push(...(await secrets.variables(path)))
      const text = generatedConfiguration({
        address: request.client.options.address,
        home: io.env['HOME'] ?? '',
        command: own.exec,
        variables,
      })
      writeFileSync(resolve(io.cwd, file), text, { mode: 0o600 })
      io.stdout.write(`Successfully generated "${file}" configuration file!\n`)
      io.stderr.write(
        "Warning: the generated file uses 'token_file' authentication method, which is not suitable for production environments.\n",
      )
      return 0
    } catch (error) {
      if (!(error instanceof VaultError)) throw error
      io.stderr.write(`Error: ${error.message}\n`)
      return 2
    }
  })
}

/** Looks at secrets as the command's caller writes them: with or without the `data/` of KV version 2. */
class Secrets {
  readonly #request: OneRequest
  readonly #mounts: Mounts
  readonly #versionedPath: typeof versionedPath

  constructor(request: OneRequest, known: { Mounts: typeof Mounts; versionedPath: typeof versionedPath }) {
    this.#request = request
    this.#mounts = new known.Mounts({ request: asked => this.#ask(asked.path) }, Date.now)
    this.#versionedPath = known.versionedPath
  }

  /** The entries of a secret, or of all secrets at and below `…/*`. */
  async variables(given: string): Promise<GeneratedVariable[]> {
    if (given.endsWith('/*')) {
      const found: GeneratedVariable[] = []
      for (const each of await this.#namesAt(given.slice(0, -1))) found.push(...(await this.variables(each)))
      return found
    }
    const path = await this.#pathOf(given, 'data')
    const data = mapIn(await this.#ask(path), 'data')
    const inner = data?.has('metadata') ? mapIn(data, 'data') : undefined
    return [...(inner ?? data ?? new Map()).keys()]
      .sort()
      .map(key => ({ path, key: String(key), isVersioned: inner !== undefined }))
  }

  async #namesAt(folder: string): Promise<string[]> {
    const answer = await this.#ask(`${await this.#pathOf(folder, 'metadata')}?list=true`)
    const keys = mapIn(answer, 'data')?.get('keys')
    const names = Array.isArray(keys) ? keys.filter(each => typeof each === 'string') : []
    return names.map(name => (name.endsWith('/') ? `${folder}${name}*` : `${folder}${name}`))
  }

  async #pathOf(path: string, prefix: 'data' | 'metadata'): Promise<string> {
    const mount = await this.#mounts.of(path.replace(/\/+$/, ''), this.#request.signal)
    return mount?.isVersioned ? this.#versionedPath(path, mount, prefix) : path
  }

  #ask(path: string): Promise<VaultAnswer> {
    const { client, token, signal } = this.#request
    return client.request({ method: 'GET', path, ...(token !== undefined && { token }) }, signal)
  }
}

function wrong(message: string, io: Io): number {
  io.stderr.write(`${message}\n`)
  return 1
}
