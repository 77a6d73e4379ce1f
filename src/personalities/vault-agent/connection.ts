import type { Finding, Place } from '../finding.ts'
import type { CommandLine } from './command-line.ts'
import { absolutePath } from './paths.ts'
import { placeOutside } from './place.ts'
import type { Section } from './section.ts'
import { durationText, parseDurationMs } from './values.ts'

export type Lookup = (name: string) => string | undefined

/** Makes one PEM file of what our configuration can only name as one, and gives its path. */
export type MakeBundle = (given: { readonly folder: string } | { readonly pem: string }) => string

/** How the server is reached: a part of a Vault source. */
export interface Connection {
  readonly source: Readonly<Record<string, unknown>>
  readonly tls: Readonly<Record<string, unknown>>
  readonly namespace: string | undefined
  /** Pauses before a failure counts as final; -1: none at all. */
  readonly retries: number
  readonly place: Place
}

const DEFAULT_ADDRESS = 'https://127.0.0.1:8200'
const DEFAULT_RETRIES = 12

/** The variables that Vault and OpenBao read, under both names. */
export function variableOf(environment: Lookup, name: string): string | undefined {
  const value = environment(`VAULT_${name}`) ?? environment(`BAO_${name}`)
  return value === '' ? undefined : value
}

/** A flag is stronger than a variable, and this one than the file: Vault's own order. */
export function readConnection(
  vault: Section | undefined,
  given: {
    readonly commandLine: CommandLine
    readonly cwd: string
    readonly environment: Lookup
    readonly bundle: MakeBundle
    readonly findings: Finding[]
  },
): Connection {
  const { commandLine: flags, environment, findings } = given
  const choose = (flag: string | undefined, variable: string, key: string) => {
    const written = vault?.text(key)
    return flag ?? variableOf(environment, variable) ?? (written === '' ? undefined : written)
  }
  const address = choose(flags.address, 'ADDR', 'address') ?? DEFAULT_ADDRESS
  const url = addressUrl(address)
  if (url === undefined)
    findings.push({
      level: 'error',
      place: vault?.placeOf('address') ?? placeOutside('VAULT_ADDR'),
      subject: 'vault.address',
      message: `expected a URL such as https://vault:8200, got "${address}"`,
    })
  const proxy = url && proxyFor(url, environment)
  const namespace = choose(flags.namespace, 'NAMESPACE', 'namespace')
  const tls = readTls(vault, given, choose)
  const timeout = variableOf(environment, 'CLIENT_TIMEOUT')
  const timeoutMs = timeout === undefined ? undefined : parseDurationMs(timeout)
  if (timeout !== undefined && timeoutMs === undefined)
    findings.push({
      level: 'error',
      place: placeOutside('VAULT_CLIENT_TIMEOUT'),
      subject: '',
      message: `expected a duration such as 60s, got "${timeout}"`,
    })
  const retries = readRetries(vault, environment, findings)
  tellServerVariables(environment, findings)
  vault?.end()
  return {
    source: {
      address: url?.href.replace(/\/$/, '') ?? DEFAULT_ADDRESS,
      ...(proxy !== undefined && { proxy }),
      ...(timeoutMs !== undefined && timeoutMs >= 100 && { timeout: durationText(timeoutMs) }),
    },
    tls,
    namespace: namespace?.replace(/\/+$/, ''),
    retries,
    place: vault?.place ?? placeOutside('VAULT_ADDR'),
  }
}

function readTls(
  vault: Section | undefined,
  given: {
    readonly commandLine: CommandLine
    readonly cwd: string
    readonly environment: Lookup
    readonly bundle: MakeBundle
  },
  choose: (flag: string | undefined, variable: string, key: string) => string | undefined,
): Readonly<Record<string, unknown>> {
  const { commandLine: flags, environment, bundle, cwd } = given
  const path = (file: string | undefined) => (file === undefined ? undefined : absolutePath(cwd, file))
  const file = path(choose(flags.caCert, 'CACERT', 'ca_cert'))
  const folder = choose(flags.caPath, 'CAPATH', 'ca_path')
  const pem = variableOf(environment, 'CACERT_BYTES')
  const ca =
    pem !== undefined ? bundle({ pem }) : (file ?? (folder === undefined ? undefined : bundle({ folder })))
  const cert = path(choose(flags.clientCert, 'CLIENT_CERT', 'client_cert'))
  const key = path(choose(flags.clientKey, 'CLIENT_KEY', 'client_key'))
  const serverName = choose(flags.tlsServerName, 'TLS_SERVER_NAME', 'tls_server_name')
  const written = vault?.boolean('tls_skip_verify')
  const variable = variableOf(environment, 'SKIP_VERIFY')
  const skips = flags.tlsSkipVerify ?? (variable === undefined ? written : /^(1|t|true)$/i.test(variable))
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
    ...(skips === true && { verify: false }),
  }
}

function readRetries(vault: Section | undefined, environment: Lookup, findings: Finding[]): number {
  const retry = vault?.block('retry')
  const written = retry?.whole('num_retries')
  retry?.passOver('backoff', 'has no effect: pauses between tries grow up to a minute')
  retry?.passOver('max_backoff', 'has no effect: pauses between tries grow up to a minute')
  retry?.end()
  const variable = variableOf(environment, 'MAX_RETRIES')
  if (variable !== undefined && !/^-?\d+$/.test(variable))
    findings.push({
      level: 'error',
      place: placeOutside('VAULT_MAX_RETRIES'),
      subject: '',
      message: `expected a whole number, got "${variable}"`,
    })
  const retries = written ?? (variable === undefined ? 0 : Number(variable))
  return retries === 0 || Number.isNaN(retries) ? DEFAULT_RETRIES : Math.max(-1, retries)
}

function addressUrl(address: string): URL | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
}

/** The proxy that the variables name for the server, as Go's own clients read them; undefined: straight to it. */
function proxyFor(url: URL, environment: Lookup): string | undefined {
  const own = environment('VAULT_PROXY_ADDR') || environment('VAULT_HTTP_PROXY')
  if (own) return own
  if (/^(localhost$|127\.|\[::1\]$)/.test(url.hostname)) return undefined
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = environment(name) || environment(name.toLowerCase())
  if (!proxy) return undefined
  const excepted = (environment('NO_PROXY') ?? environment('no_proxy') ?? '')
    .split(',')
    .map(each => each.trim().replace(/^\*?\./, ''))
    .filter(each => each !== '')
  const isExcepted = excepted.some(
    each => each === '*' || each === url.host || url.hostname === each || url.hostname.endsWith(`.${each}`),
  )
  return isExcepted ? undefined : proxy
}

function tellServerVariables(environment: Lookup, findings: Finding[]): void {
  for (const name of ['VAULT_RATE_LIMIT', 'VAULT_SRV_LOOKUP', 'VAULT_DISABLE_REDIRECTS', 'VAULT_WRAP_TTL'])
    if ((environment(name) ?? '') !== '')
      findings.push({ level: 'warning', place: placeOutside(name), subject: '', message: 'has no effect' })
}
