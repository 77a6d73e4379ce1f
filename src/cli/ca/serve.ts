import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openAuthority } from '../../authority/authority.ts'
import { readAuthority } from '../../authority/folder.ts'
import { parseTokenFile, type TokenGrants } from '../../authority/grant.ts'
import { startAuthorityServer } from '../../authority/server.ts'
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
    optionMistake(values, ['token-file'], ['listen', 'ca', 'dns', 'ttl']) ??
    (parseAddress(String(listen))
      ? undefined
      : `--listen: expected an address such as ${DEFAULT_LISTEN}, got "${listen}"`)
  )
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
    grants: await readTokens(resolve(io.cwd, String(values['token-file'])), authority.trustDomain),
    lifetimeMs: lifetimeMs(values)!,
    names: [...new Set(['localhost', ...host, ...dnsNames(values)])],
  })
  const { trustDomain } = authority
  log.info('serving', `issues certificates for spiffe://${trustDomain} on ${formatAddress(server.address)}`)
  await stop
  logger.flush()
  return 0
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
