import type { Health } from '../../../../kernel/module.ts'
import type { Value } from '../../../../wire/gotemplate/value.ts'
import { SecretValue } from '../../secret/value.ts'
import { WHOLE } from '../document-entries.ts'
import type { SourceHost } from '../host.ts'
import { type SecretRequest, type SecretSource, SourceFailure } from '../source.ts'
import type { SsmSourceConfig } from './config.ts'
import { AwsService } from './service.ts'
import { askedFor } from './subject.ts'

/** Opens the source; it asks for nothing until somebody does. */
export function openSsmSource(config: SsmSourceConfig, host: SourceHost): SsmSource {
  return new SsmSource(config, host)
}

interface Parameter {
  readonly name: string
  readonly value: string | readonly string[]
  readonly version: string
}

/** A folder of folders is a mapping of mappings. */
interface Tree extends Map<string, string | readonly string[] | Tree> {}

/** Parameters of AWS Systems Manager, one by one or all below a path. */
export class SsmSource implements SecretSource {
  readonly intervalMs?: number
  readonly #service: AwsService
  readonly #config: SsmSourceConfig
  /** Paths that were hierarchies when they were last asked for, so that it is not looked for a parameter first. */
  readonly #hierarchies = new Set<string>()

  constructor(config: SsmSourceConfig, host: SourceHost) {
    this.#service = new AwsService(config, host, { service: 'ssm', target: 'AmazonSSM' })
    this.#config = config
    if (config.intervalMs !== undefined) this.intervalMs = config.intervalMs
  }

  async fetch(request: SecretRequest, signal: AbortSignal): Promise<SecretValue> {
    const { path, query } = askedFor(request, ['label'])
    const name = this.#nameOf(path)
    const selector = request.version ?? query.label
    if (selector !== undefined) return this.#valueOf(await this.#parameter(`${name}:${selector}`, signal))
    if (this.#hierarchies.has(name)) {
      const below = await this.#below(name, signal)
      if (below.length > 0) return treeValue(name, below)
      this.#hierarchies.delete(name)
    }
    try {
      return this.#valueOf(await this.#parameter(name, signal))
    } catch (error) {
      if (!(error instanceof SourceFailure) || error.reason !== 'missing' || !name.startsWith('/'))
        throw error
      const below = await this.#below(name, signal)
      if (below.length === 0) throw error
      this.#hierarchies.add(name)
      return treeValue(name, below)
    }
  }

  async list(path: string, signal: AbortSignal): Promise<readonly string[]> {
    const name = this.#nameOf(path) || '/'
    const names = (await this.#below(name, signal)).map(each => nameBelow(name, each.name))
    return [...new Set(names.map(each => each.replace(/\/.*/, '/')))].sort()
  }

  health(): Health {
    return this.#service.health()
  }

  /** In a hierarchy names begin with a slash, which references leave out. */
  #nameOf(path: string): string {
    const { prefix } = this.#config
    if (path.startsWith('arn:')) return path
    if (prefix !== '')
      return path === WHOLE || path === '' ? prefix.replace(/\/+$/, '') : `${slashed(prefix)}${path}`
    if (path === '') return '/'
    return path.includes('/') ? `/${path.replace(/^\/+/, '')}` : path
  }

  async #parameter(name: string, signal: AbortSignal): Promise<Parameter> {
    const answer = await this.#service.call(
      'GetParameter',
      { Name: name, WithDecryption: true },
      name,
      signal,
    )
    return parameterOf(answer['Parameter'], name)
  }

  async #below(path: string, signal: AbortSignal): Promise<Parameter[]> {
    const { maxParameters } = this.#config
    const found: Parameter[] = []
    let token: unknown
    // A page may be empty and yet not the last one; nobody has more pages than parameters for long.
    for (let pages = 0; pages <= maxParameters; pages++) {
      const answer = await this.#service.call(
        'GetParametersByPath',
        {
          Path: path,
          Recursive: true,
          WithDecryption: true,
          MaxResults: 10,
          ...(typeof token === 'string' && { NextToken: token }),
        },
        path,
        signal,
      )
      const page = answer['Parameters']
      if (!Array.isArray(page)) throw notOfAws(path)
      found.push(...page.map(each => parameterOf(each, path)))
      if (found.length > maxParameters)
        throw new SourceFailure(
          'invalid',
          `${path} has more than ${maxParameters} parameters: raise maxParameters`,
        )
      token = answer['NextToken']
      if (typeof token !== 'string' || token === '') return found
    }
    throw notOfAws(path)
  }

  #valueOf({ value, version }: Parameter): SecretValue {
    return new SecretValue({
      data: new Map<string, Value>([['value', value]]),
      timing: { kind: 'static' },
      version,
    })
  }
}

function treeValue(path: string, parameters: readonly Parameter[]): SecretValue {
  const root: Tree = new Map()
  for (const { name, value } of parameters) {
    const names = nameBelow(path, name).split('/')
    const last = names.pop()!
    let folder = root
    for (const each of names) {
      const inner = folder.get(each)
      const next: Tree = inner instanceof Map ? inner : new Map()
      // A parameter may have the name of a folder; then it is the folder's entry without a name.
      if (inner !== undefined && !(inner instanceof Map)) next.set('', inner)
      folder.set(each, next)
      folder = next
    }
    const there = folder.get(last)
    if (there instanceof Map) there.set('', value)
    else folder.set(last, value)
  }
  return new SecretValue({ data: root as unknown as ReadonlyMap<string, Value>, timing: { kind: 'static' } })
}

function parameterOf(given: unknown, path: string): Parameter {
  const { Name, Type, Value: value, Version } = (given ?? {}) as Readonly<Record<string, unknown>>
  if (typeof Name !== 'string' || typeof value !== 'string') throw notOfAws(path)
  return { name: Name, value: Type === 'StringList' ? value.split(',') : value, version: String(Version) }
}

function nameBelow(path: string, name: string): string {
  return name.startsWith(slashed(path)) ? name.slice(slashed(path).length) : name
}

function slashed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

function notOfAws(path: string): SourceFailure {
  return new SourceFailure('unavailable', `${path}: the answer is not one of Systems Manager`)
}
