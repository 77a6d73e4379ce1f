import type { VaultAnswer } from '../../../backends/vault/client.ts'
import { VaultError } from '../../../backends/vault/error.ts'
import { JsonNumber, type LosslessJson, writeLossless } from '../../../wire/json/lossless.ts'
import type { Io } from '../../io.ts'
import { isHelp } from './help.ts'
import { readClientFlags, withServer } from './one-request.ts'

const USAGE = `Usage: vault status [-format=json] [options]

  Prints the state of the server; ends with 0 when it is unsealed, 2 when it is sealed, 1 when it does not answer.
  The options are those of vault agent that say where the server is.
`

/** `vault status`: 0 unsealed, 2 sealed, 1 when there is no answer. */
export async function runStatus(args: readonly string[], io: Io): Promise<number> {
  if (args.some(isHelp)) {
    io.stdout.write(USAGE)
    return 0
  }
  const flags = readClientFlags(args, io)
  const { length } = typeof flags === 'string' ? '' : flags.commandLine.rest
  if (typeof flags === 'string' || length > 0) {
    io.stderr.write(
      `${typeof flags === 'string' ? flags : `Too many arguments (expected 0, got ${length})`}\n`,
    )
    return 1
  }
  return withServer(flags.commandLine, io, async ({ client, signal }) => {
    try {
      const answer = await client.request({ method: 'GET', path: 'sys/seal-status' }, signal)
      const json = () => `${JSON.stringify(JSON.parse(writeLossless(answer)), null, 2)}\n`
      io.stdout.write(flags.format === 'json' ? json() : table(answer))
      return answer.get('sealed') === true ? 2 : 0
    } catch (error) {
      if (!(error instanceof VaultError)) throw error
      io.stderr.write(`Error checking seal status: ${error.message}\n`)
      return 1
    }
  })
}

const ROWS: ReadonlyArray<readonly [label: string, key: string]> = [
  ['Seal Type', 'type'],
  ['Initialized', 'initialized'],
  ['Sealed', 'sealed'],
  ['Total Shares', 'n'],
  ['Threshold', 't'],
  ['Version', 'version'],
  ['Storage Type', 'storage_type'],
  ['Cluster Name', 'cluster_name'],
  ['Cluster ID', 'cluster_id'],
  ['HA Enabled', 'ha_enabled'],
]

function table(answer: VaultAnswer): string {
  const rows = ROWS.filter(([, key]) => answer.has(key)).map(
    ([label, key]) => [label, shown(answer.get(key)!)] as const,
  )
  return [['Key', 'Value'] as const, ['---', '-----'] as const, ...rows]
    .map(([key, value]) => `${key.padEnd(16)}${value}\n`)
    .join('')
}

function shown(value: LosslessJson): string {
  return value instanceof JsonNumber ? value.text : String(value)
}
