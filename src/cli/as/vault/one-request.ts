import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { VaultClient } from '../../../backends/vault/client.ts'
import { systemClock } from '../../../kernel/clock/system.ts'
import type { Finding } from '../../../personalities/finding.ts'
import { type CommandLine, parseCommandLine } from '../../../personalities/vault-agent/command-line.ts'
import { readConnection } from '../../../personalities/vault-agent/connection.ts'
import type { Io } from '../../io.ts'
import { findingReport } from '../report.ts'
import { ScratchFolder } from './files.ts'

/** What a command that asks the server once is given. */
export interface OneRequest {
  readonly client: VaultClient
  readonly token: string | undefined
  readonly signal: AbortSignal
}

const TIMEOUT_MS = 60_000

export interface ClientFlags {
  readonly commandLine: CommandLine
  readonly format: 'table' | 'json'
  readonly self: boolean
  /** What is meant is the accessor of a token. */
  readonly accessor: boolean
  /** The one entry that is to be printed, as it is. */
  readonly field: string | undefined
}

/** The flags that all such commands have; a message when they are wrong. */
export function readClientFlags(args: readonly string[], { env }: Io): ClientFlags | string {
  const own = {
    format: env['VAULT_FORMAT'] || env['BAO_FORMAT'] || 'table',
    self: false,
    accessor: false,
    field: undefined as string | undefined,
  }
  const others: string[] = []
  for (let at = 0; at < args.length; at++) {
    const match = /^--?(format|self|accessor|field)(?:=(.*))?$/.exec(args[at]!)
    if (match === null) others.push(args[at]!)
    else if (match[1] === 'self' || match[1] === 'accessor') own[match[1]] = match[2] !== 'false'
    else own[match[1] as 'format' | 'field'] = match[2] ?? args[++at] ?? ''
  }
  if (own.format !== 'table' && own.format !== 'json')
    return `expected -format=table or -format=json, got "${own.format}"`
  const parsed = parseCommandLine(others)
  return parsed.ok ? { ...own, format: own.format, commandLine: parsed.commandLine } : parsed.message
}

/** Opens a client as flags and environment say, and closes it afterwards. 1 when they are wrong. */
export async function withServer(
  commandLine: CommandLine,
  io: Io,
  use: (request: OneRequest) => Promise<number>,
): Promise<number> {
  const findings: Finding[] = []
  using scratch = new ScratchFolder(io.env['HOME'])
  const { source, tls, namespace } = readConnection(undefined, {
    commandLine,
    cwd: io.cwd,
    environment: name => io.env[name],
    bundle: given => scratch.bundle(given, io.cwd),
    findings,
  })
  if (findings.some(({ level }) => level === 'error')) {
    io.stderr.write(findingReport(findings))
    return 1
  }
  await using scope = new AsyncDisposableStack()
  const client = new VaultClient(
    {
      address: String(source['address']),
      namespace,
      tls: { verify: true, ...tls },
      timeoutMs: TIMEOUT_MS,
      maxConnections: 1,
      limit: { requestsPerSecond: 10, burst: 10 },
      key: 'vault',
    },
    { clock: systemClock(), scope },
  )
  return await use({ client, token: tokenOf(io), signal: AbortSignal.timeout(TIMEOUT_MS) })
}

/** VAULT_TOKEN, else what a login has left at home. */
function tokenOf({ env }: Io): string | undefined {
  const given = env['VAULT_TOKEN'] ?? env['BAO_TOKEN']
  if (given !== undefined && given !== '') return given
  const home = env['HOME']
  if (home === undefined) return undefined
  try {
    return readFileSync(join(home, '.vault-token'), 'utf8').trim()
  } catch {
    return undefined
  }
}
