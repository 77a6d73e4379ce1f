import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ClientTls } from '../../http/client/dial.ts'
import { type ClusterAccess, ClusterAccessError, RotatedFile } from './access.ts'

export interface KubeconfigOptions {
  /** One file, as kubectl reads it. */
  readonly path: string
  /** Default: what the file says (current-context). */
  readonly context?: string
  readonly clock: { monotonic(): number }
}

type Mapping = Readonly<Record<string, unknown>>

const MAX_BYTES = 1024 * 1024
/** Ways to log in that need another program; it would run with the rights of this process. */
const PROGRAMS = ['exec', 'auth-provider']

/**
 * The access that a kubeconfig file describes: a token (also from a file, read again when it is replaced) or a client
 * certificate. Rejects with ClusterAccessError, which names the place in the file and what to do.
 */
export async function kubeconfigAccess(options: KubeconfigOptions): Promise<ClusterAccess> {
  const { path, clock } = options
  const { parse } = await import('yaml')
  const text = await read(path)
  if (text.length > MAX_BYTES) throw new ClusterAccessError(`${path} is larger than 1 MiB`)
  let root: unknown
  try {
    root = parse(text, { maxAliasCount: 100 })
  } catch (error) {
    throw new ClusterAccessError(`${path} is no YAML: ${(error as Error).message}`, { cause: error })
  }
  const config = new Kubeconfig(path, isMapping(root) ? root : {})
  const name = options.context ?? config.text(config.root, 'current-context', 'the file')
  const context = config.named('contexts', 'context', name)
  const cluster = config.named('clusters', 'cluster', config.text(context, 'cluster', `the context ${name}`))
  const userName = config.text(context, 'user', `the context ${name}`)
  const user = config.named('users', 'user', userName)
  for (const program of PROGRAMS)
    if (user[program] !== undefined)
      throw new ClusterAccessError(
        `${path}: the user ${userName} logs in by another program (${program}), which is not run here; start kubectl proxy with its context, or make a token: kubectl create token`,
      )
  const url = config.server(cluster, context)
  const tls = await config.tls(cluster, user)
  const authorization = await config.token(user, clock)
  const namespace = context['namespace']
  return {
    url,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : 'default',
    origin: `the context ${name} of ${path}`,
    tls: async () => tls,
    authorization: async () => {
      const token = await authorization?.text()
      return token === undefined ? undefined : `Bearer ${token}`
    },
    forget: () => authorization?.forget(),
  }
}

class Kubeconfig {
  readonly root: Mapping
  readonly #path: string

  constructor(path: string, root: Mapping) {
    this.#path = path
    this.root = root
  }

  text(of: Mapping, key: string, where: string): string {
    const value = of[key]
    if (typeof value === 'string' && value !== '') return value
    throw new ClusterAccessError(`${this.#path}: ${where} has no ${key}`)
  }

  named(list: string, key: string, name: string): Mapping {
    const items = this.root[list]
    const found = Array.isArray(items)
      ? items.find(item => isMapping(item) && item['name'] === name)
      : undefined
    const value = isMapping(found) ? found[key] : undefined
    if (isMapping(value)) return value
    const known = Array.isArray(items)
      ? items.flatMap(item => (isMapping(item) ? [String(item['name'])] : []))
      : []
    throw new ClusterAccessError(
      `${this.#path}: there is no ${key} ${JSON.stringify(name)} in ${list}; there is ${known.join(', ') || 'nothing'}`,
    )
  }

  server(cluster: Mapping, context: Mapping): URL {
    const text = this.text(cluster, 'server', `the cluster ${String(context['cluster'])}`)
    if (cluster['proxy-url'] !== undefined)
      throw new ClusterAccessError(`${this.#path}: proxy-url is not understood; start kubectl proxy instead`)
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !['https:', 'http:'].includes(url.protocol))
      throw new ClusterAccessError(
        `${this.#path}: the server ${JSON.stringify(text)} is no http or https URL`,
      )
    if (url.pathname !== '/')
      throw new ClusterAccessError(`${this.#path}: the server ${text} has a path, which is not understood`)
    return url
  }

  async tls(cluster: Mapping, user: Mapping): Promise<ClientTls> {
    const ca = await this.#pem(cluster, 'certificate-authority')
    const cert = await this.#pem(user, 'client-certificate')
    const key = await this.#pem(user, 'client-key')
    if ((cert === undefined) !== (key === undefined))
      throw new ClusterAccessError(`${this.#path}: client-certificate and client-key go together`)
    const serverName = cluster['tls-server-name']
    return {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && key !== undefined && { cert, key }),
      ...(typeof serverName === 'string' && { serverName }),
      ...(cluster['insecure-skip-tls-verify'] === true && { verify: false }),
    }
  }

  async token(user: Mapping, clock: { monotonic(): number }): Promise<Readable | undefined> {
    const { tokenFile, token } = user
    if (typeof tokenFile === 'string') return new RotatedFile(this.#beside(tokenFile), clock)
    if (user['username'] !== undefined)
      throw new ClusterAccessError(
        `${this.#path}: API servers take no user name and password any more; give a token`,
      )
    return typeof token === 'string' && token !== '' ? { text: async () => token, forget() {} } : undefined
  }

  /** In the file itself (`-data`, base64), or in a file beside it. */
  async #pem(of: Mapping, key: string): Promise<string | undefined> {
    const data = of[`${key}-data`]
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8')
    const path = of[key]
    return typeof path === 'string' ? read(this.#beside(path)) : undefined
  }

  #beside(path: string): string {
    return resolve(dirname(this.#path), path)
  }
}

interface Readable {
  text(): Promise<string>
  forget(): void
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ClusterAccessError(`cannot read ${path}: ${(error as Error).message}`, { cause: error })
  }
}
