import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openAuthority } from '../../authority/authority.ts'
import { readAuthority } from '../../authority/folder.ts'
import { parseTokenFile, type TokenGrants } from '../../authority/grant.ts'
import { startAuthorityServer } from '../../authority/server.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { formatAddress, parseAddress } from '../../kernel/config/address.ts'
import { jsonLine, textLine } from '../../kernel/log/format.ts'
import { Logger } from '../../kernel/log/logger.ts'
import type { Call } from '../call.ts'
import { dnsNames, folderOf, lifetimeMs, optionMistake, type Values } from './values.ts'

const DEFAULT_LISTEN = '127.0.0.1:4643'

export function mistake(values: Values): string | undefined {
  const { listen = DEFAULT_LISTEN } = values
  return (
    optionMistake(
      values,
      [],
      ['token-file', 'token-review', 'audience', 'access', 'listen', 'ca', 'dns', 'ttl'],
    ) ??
    tokenMistake(values) ??
    (parseAddress(String(listen))
      ? undefined
      : `--listen: expected an address such as ${DEFAULT_LISTEN}, got "${listen}"`)
  )
}

function tokenMistake(values: Values): string | undefined {
  const { 'token-file': file, 'token-review': url } = values
  if (file === undefined && url === undefined) return '--token-file or --token-review is missing'
  if (file !== undefined && url !== undefined) return 'takes --token-file or --token-review, not both'
  if (url !== undefined && URL.parse(String(url))?.protocol !== 'https:')
    return `--token-review: expected an address such as https://kubernetes.default.svc, got "${url}"`
  const foreign = ['audience', 'access'].find(name => values[name] !== undefined)
  return url === undefined && foreign !== undefined ? `--${foreign} is for --token-review` : undefined
}

/** `outrigger ca serve`: until SIGTERM or SIGINT. */
export async function run(call: Call, stop: Promise<unknown> = asked()): Promise<number> {
  const { io, values } = call
  const clock = systemClock()
  const format = io.stderr.isTTY ? textLine(io.env['NO_COLOR'] === undefined) : jsonLine
  const logger = new Logger({ write: line => io.stderr.write(line), format, clock })
  const log = logger.for('ca')
  const authority = await openAuthority({ clock, ...(await readAuthority(folderOf(call, 'ca', 'ca'))) })
  const listen = parseAddress(String(values['listen'] ?? DEFAULT_LISTEN))!
  const host = 'host' in listen ? [listen.host] : []
  await using server = await startAuthorityServer({
    authority,
    clock,
    log,
    listen,
    grants: await grantsFor(call, authority.trustDomain, clock),
    lifetimeMs: lifetimeMs(values)!,
    names: [...new Set(['localhost', ...host, ...dnsNames(values)])],
  })
  const { trustDomain } = authority
  log.info('serving', `issues certificates for spiffe://${trustDomain} on ${formatAddress(server.address)}`)
  await stop
  logger.flush()
  return 0
}

async function grantsFor(call: Call, trustDomain: string, clock: Clock): Promise<TokenGrants> {
  const { 'token-file': file, 'token-review': url, audience = 'outrigger' } = call.values
  if (url === undefined) return readTokens(resolve(call.io.cwd, String(file)), trustDomain)
  const { tokenReviews } = await import('../../authority/token-review.ts')
  const folder = folderOf(call, 'access', '/var/run/secrets/kubernetes.io/serviceaccount')
  const access = async () => {
    const [ca, token] = await Promise.all(
      ['ca.crt', 'token'].map(name => readFile(join(folder, name), 'utf8')),
    )
    return { ca: ca!, token: token!.trim() }
  }
  await access().catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--access: ${error.path} cannot be read: ${error.code}`, { cause: error })
  })
  return tokenReviews({ url: new URL(String(url)), access, audience: String(audience), trustDomain, clock })
}

async function readTokens(file: string, trustDomain: string): Promise<TokenGrants> {
  try {
    return parseTokenFile(await readFile(file, 'utf8'), trustDomain)
  } catch (error) {
    throw new Error(`the token file ${file} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

function asked(): Promise<void> {
  return new Promise(done => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
  })
}
