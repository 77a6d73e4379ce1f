import { randomUUID } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { type Answer, envelope, Refusal } from './answers.ts'

interface Version {
  readonly data: object
  readonly createdAtMs: number
  deletedAtMs: number | undefined
  isDestroyed: boolean
}

const WRONG_PATH =
  "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the OpenBao CLI, use 'bao kv get' for this operation."

/** KV version 2: read, write, delete, destroy and list. */
export class VersionedKv {
  readonly #clock: Clock
  readonly #secrets = new Map<string, Version[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  put(path: string, data: object): Version {
    const versions = this.#secrets.get(path) ?? []
    this.#secrets.set(path, versions)
    const version = { data, createdAtMs: this.#clock.now(), deletedAtMs: undefined, isDestroyed: false }
    versions.push(version)
    return version
  }

  answer(
    method: string,
    rest: string,
    query: URLSearchParams,
    body: Readonly<Record<string, unknown>>,
  ): Answer | undefined {
    const [kind, ...parts] = rest.split('/')
    const path = parts.join('/')
    if (kind === 'metadata' && method === 'LIST') return { data: { keys: this.#list(path) } }
    if (kind === 'data' && method === 'GET') return this.#read(path, Number(query.get('version') ?? 0))
    if (kind === 'data' && method === 'PUT') {
      if (typeof body['data'] !== 'object' || body['data'] === null)
        throw new Refusal(400, ['no data provided'])
      return { data: this.#metadata(this.put(path, body['data']), this.#secrets.get(path)!.length) }
    }
    if (kind === 'data' && method === 'DELETE') {
      const newest = this.#secrets.get(path)?.at(-1)
      if (newest !== undefined) newest.deletedAtMs ??= this.#clock.now()
      return undefined
    }
    if (kind === 'destroy' && method === 'PUT') {
      for (const each of body['versions'] as number[]) {
        const version = this.#secrets.get(path)?.[each - 1]
        if (version !== undefined) version.isDestroyed = true
      }
      return undefined
    }
    throw wrongPath()
  }

  #read(path: string, wanted: number): Answer {
    const versions = this.#secrets.get(path) ?? []
    const number = wanted === 0 ? versions.length : wanted
    const version = versions[number - 1]
    if (version === undefined) throw new Refusal(404, [])
    const metadata = this.#metadata(version, number)
    if (version.isDestroyed || version.deletedAtMs !== undefined)
      throw new Refusal(404, [], { body: envelope(randomUUID(), { data: { data: null, metadata } }) })
    return { data: { data: version.data, metadata } }
  }

  #metadata({ createdAtMs, deletedAtMs, isDestroyed }: Version, version: number): object {
    return {
      created_time: new Date(createdAtMs).toISOString(),
      custom_metadata: null,
      deletion_time: deletedAtMs === undefined ? '' : new Date(deletedAtMs).toISOString(),
      destroyed: isDestroyed,
      version,
    }
  }

  #list(path: string): string[] {
    const below = path === '' || path.endsWith('/') ? path : `${path}/`
    const names = [...this.#secrets.keys()]
      .filter(each => each.startsWith(below))
      .map(each => /^[^/]*\/?/.exec(each.slice(below.length))![0])
    if (names.length === 0) throw new Refusal(404, [])
    return [...new Set(names)].sort()
  }
}

/** It has a body of its own, without errors. */
function wrongPath(): Refusal {
  return new Refusal(404, [], { body: envelope(randomUUID(), { warnings: [WRONG_PATH] }) })
}
