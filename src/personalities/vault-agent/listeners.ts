import type { Finding, Place } from '../finding.ts'
import { absolutePath } from './paths.ts'
import type { Section } from './section.ts'

/** Where an agent answers. */
export interface AgentListener {
  /** In the notation of our configuration: `127.0.0.1:8200`, or the path of a Unix socket. */
  readonly listen: string
  /** Requests without `X-Vault-Request: true` are refused. */
  readonly requireRequestHeader: boolean
  /** Nothing but metrics. */
  readonly metricsOnly: boolean
  /** `POST /agent/v1/quit` ends the agent. */
  readonly quit: boolean
  /** Of a Unix socket, octal. */
  readonly mode?: string
  /** Whose the Unix socket is, by name or number. */
  readonly owner?: string
  readonly group?: string
  readonly tls?: ListenerTls
  readonly place: Place
}

/** In the notation of our configuration. */
export interface ListenerTls {
  readonly cert: string
  readonly key: string
  /** Authorities that certificates of clients are checked against; nobody is asked for one without it. */
  readonly ca?: string
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly clientCertificates: 'request' | 'require'
}

/** What the listeners send on to Vault, and with whose token. */
export interface ApiProxy {
  readonly cache: boolean
  /** `force`: also where the request has a token of its own. */
  readonly useOwnToken: 'never' | 'missing' | 'always'
  readonly prependNamespace: boolean
}

/** Where the next agent finds the leases of this one: the sidecar those of the init container. */
export interface Persistence {
  readonly folder: string
  /** A folder that cannot be written ends the agent. */
  readonly isNeeded: boolean
}

const DEFAULT_PORT = 8200

/** A `listener`. Undefined when it cannot be one; that was told then. */
export function readListener(
  section: Section,
  label: string | undefined,
  cwd: string,
): AgentListener | undefined {
  const type = section.text('type') ?? label
  const address = section.text('address')
  const tls = readTls(section, cwd, type === 'unix')
  const role = section.text('role')
  const quit = readAgentApi(section)
  const requireRequestHeader = section.boolean('require_request_header') ?? false
  const mode = section.text('socket_mode') ? section.mode('socket_mode') : undefined
  const [owner, group] = ['socket_user', 'socket_group'].map(key => section.text(key) || undefined)
  section.end()
  if (type !== 'tcp' && type !== 'unix') {
    section.say(
      'error',
      '',
      type === undefined ? 'the listener has no type' : `unknown listener type "${type}"`,
      'there are tcp and unix',
    )
    return undefined
  }
  if (role !== undefined && !['', 'default', 'metrics_only'].includes(role)) {
    section.say('error', 'role', `expected default or metrics_only, got "${role}"`)
    return undefined
  }
  const common = {
    requireRequestHeader,
    quit,
    metricsOnly: role === 'metrics_only',
    place: section.place,
    ...(tls !== undefined && { tls }),
  }
  if (type === 'unix') {
    if (address === undefined)
      section.say('error', '', 'a unix listener needs an address, the path of the socket')
    return address === undefined
      ? undefined
      : {
          ...common,
          listen: absolutePath(cwd, address),
          ...(mode !== undefined && { mode }),
          ...(owner !== undefined && { owner }),
          ...(group !== undefined && { group }),
        }
  }
  const listen = tcpAddress(address ?? `127.0.0.1:${DEFAULT_PORT}`)
  if (listen === undefined) {
    section.say('error', 'address', `expected HOST:PORT, got "${address}"`)
    return undefined
  }
  return { ...common, listen }
}

/** `cache.persist`. */
export function readPersistence(cache: Section | undefined, cwd: string): Persistence | undefined {
  const [block] = cache?.blocks('persist') ?? []
  if (block === undefined) return undefined
  const { section, label } = block
  const type = section.text('type') ?? label ?? ''
  const path = section.text('path') ?? ''
  const isNeeded = section.boolean('exit_on_err') ?? true
  section.passOver('keep_after_import', 'has no effect: the file stays, and is written again')
  section.passOver('service_account_token_file', 'has no effect: the file has a key of its own beside it')
  section.end()
  if (type !== 'kubernetes')
    section.say(
      'error',
      '',
      type === '' ? 'must specify persistent cache type' : `unknown type of a persistent cache "${type}"`,
      'there is one type: kubernetes',
    )
  else if (path === '')
    section.say('error', '', 'a persistent cache needs a path, the folder that it is kept in')
  return type !== 'kubernetes' || path === '' ? undefined : { folder: absolutePath(cwd, path), isNeeded }
}

const OF_VAULT_PROXY = [
  'cache_static_secrets',
  'disable_caching_dynamic_secrets',
  'static_secret_token_capability_refresh_interval',
  'static_secret_token_capability_refresh_behavior',
]

/** `api_proxy` and `cache`, of the last file that has them. */
export function readApiProxy(proxy: Section | undefined, cache: Section | undefined): ApiProxy {
  if (proxy?.has('use_auto_auth_token') && cache?.has('use_auto_auth_token'))
    cache.say(
      'error',
      'use_auto_auth_token',
      'use_auto_auth_token defined in both api_proxy and cache config',
      'remove it from the cache block',
    )
  const ofCache = readUseOwnToken(cache)
  const useOwnToken = readUseOwnToken(proxy) ?? ofCache ?? 'never'
  const prependNamespace = proxy?.boolean('prepend_configured_namespace') ?? true
  for (const section of [proxy, cache]) {
    section?.passOver('enforce_consistency', 'has no effect: answers of replicas are not compared')
    section?.passOver('when_inconsistent', 'has no effect: answers of replicas are not compared')
  }
  if (cache !== undefined) {
    for (const key of OF_VAULT_PROXY)
      cache.passOver(key, 'is an option of Vault Proxy, and has no effect on an agent')
  }
  proxy?.end()
  cache?.end()
  return { cache: cache !== undefined, useOwnToken, prependNamespace }
}

function readUseOwnToken(section: Section | undefined): ApiProxy['useOwnToken'] | undefined {
  const text = section?.text('use_auto_auth_token')
  if (text === undefined) return undefined
  if (text === 'force') return 'always'
  return section!.boolean('use_auto_auth_token') === true ? 'missing' : 'never'
}

function readAgentApi(section: Section): boolean {
  const api = section.block('agent_api')
  const quit = api?.boolean('enable_quit') ?? false
  api?.end()
  return quit
}

/** Undefined for a plain listener. A Unix socket is plain unless it has a certificate. */
function readTls(section: Section, cwd: string, isUnix: boolean): ListenerTls | undefined {
  const isOff = section.boolean('tls_disable') ?? false
  const [cert, key, ca] = ['tls_cert_file', 'tls_key_file', 'tls_client_ca_file'].map(each => {
    const path = section.text(each)
    return path ? absolutePath(cwd, path) : undefined
  })
  const requires = section.boolean('tls_require_and_verify_client_cert') ?? false
  const asks = !(section.boolean('tls_disable_client_certs') ?? false)
  const minVersion = readMinVersion(section)
  section.passOver('tls_max_version', 'has no effect: TLS 1.3 is spoken with those who can')
  section.passOver('tls_cipher_suites', 'has no effect: there are safe ones only')
  section.passOver('tls_prefer_server_cipher_suites', 'has no effect')
  if (isOff) return undefined
  if (requires && !asks)
    section.say(
      'error',
      'tls_disable_client_certs',
      'is given beside tls_require_and_verify_client_cert',
      'remove one of them',
    )
  if (requires && ca === undefined)
    section.say(
      'error',
      'tls_require_and_verify_client_cert',
      'needs tls_client_ca_file, the authorities of clients',
    )
  if (cert === undefined || key === undefined) {
    if (!isUnix || cert !== undefined || key !== undefined)
      section.say(
        'error',
        '',
        'TLS needs tls_cert_file and tls_key_file',
        'give both, or set tls_disable = true',
      )
    return undefined
  }
  return {
    cert,
    key,
    ...(asks && ca !== undefined && { ca }),
    ...(minVersion !== undefined && { minVersion }),
    clientCertificates: requires ? 'require' : 'request',
  }
}

function readMinVersion(section: Section): ListenerTls['minVersion'] {
  const version = section.text('tls_min_version') ?? ''
  if (version === 'tls13') return 'TLSv1.3'
  if (version === 'tls10' || version === 'tls11')
    section.say('warning', 'tls_min_version', 'TLS 1.0 and 1.1 are not spoken: 1.2 is the oldest')
  else if (version !== '' && version !== 'tls12')
    section.say('error', 'tls_min_version', `expected tls12 or tls13, got "${version}"`)
  return undefined
}

/** As Vault Agent has it: the host may be left out, and an IPv6 address may stand without brackets. */
function tcpAddress(text: string): string | undefined {
  const bare = /^([0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*):(\d{1,5})$/.exec(text)
  const match =
    bare === null ? /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(text) : [text, `[${bare[1]}]`, bare[2]]
  if (match === null || Number(match[2]) > 65_535) return undefined
  return `${match[1] === '' ? '0.0.0.0' : match[1]}:${match[2]}`
}

export function checkListeners(listeners: readonly AgentListener[], findings: Finding[]): void {
  for (const [index, { listen, place }] of listeners.entries())
    if (listeners.findIndex(other => other.listen === listen) !== index)
      findings.push({
        level: 'error',
        place,
        subject: 'listener.address',
        message: `another listener has ${listen} already`,
      })
}
