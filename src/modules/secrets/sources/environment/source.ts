import type { Health } from '../../../../kernel/module.ts'
import { type SecretData, SecretValue } from '../../secret/value.ts'
import { WHOLE } from '../document-entries.ts'
import type { SourceHost } from '../host.ts'
import { plainPath } from '../request.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import type { EnvironmentSourceConfig } from './config.ts'

type EnvironmentHost = Pick<SourceHost, 'env' | 'name'>

export function openEnvironmentSource(
  { prefix }: EnvironmentSourceConfig,
  host: EnvironmentHost,
): EnvironmentSource {
  return new EnvironmentSource(prefix, host)
}

/** Variables of the environment; there is nothing to watch, since it does not change. */
export class EnvironmentSource implements SecretSource {
  readonly #prefix: string
  readonly #host: EnvironmentHost

  constructor(prefix: string, host: EnvironmentHost) {
    this.#prefix = prefix
    this.#host = host
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    signal.throwIfAborted()
    const path = plainPath(request, this.#host.name)
    const data = this.#dataOf(path)
    if (data === undefined)
      throw new SourceFailure(
        'missing',
        `${path}: no variable is named ${this.#prefix}${path}, and none begins with ${this.#begin(path)}`,
      )
    return new SecretValue({ data, timing: { kind: 'watched' } })
  }

  async list(path: string): Promise<readonly string[]> {
    const begin = path === '' ? this.#prefix : this.#begin(path)
    return [...this.#variables(begin).keys()].sort()
  }

  health(): Health {
    return { ready: true, state: 'ok' }
  }

  #dataOf(path: string): SecretData | undefined {
    const name = `${this.#prefix}${path}`
    if (Object.hasOwn(this.#host.env, name)) return new Map([['value', this.#host.env[name]!]])
    const group = this.#variables(this.#begin(path))
    if (group.size === 0) return path === WHOLE ? this.#variables(this.#prefix) : undefined
    return new Map([...group].map(([rest, value]) => [rest.toLowerCase(), value]))
  }

  #variables(begin: string): ReadonlyMap<string, string> {
    const found = Object.entries(this.#host.env).flatMap(([name, value]) =>
      name.startsWith(begin) && name.length > begin.length && value !== undefined
        ? [[name.slice(begin.length), value] as const]
        : [],
    )
    return new Map(found)
  }

  #begin(path: string): string {
    return `${this.#prefix}${path.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_`
  }
}
