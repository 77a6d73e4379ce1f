import { mapIn } from '../../../backends/vault/answers.ts'
import type { VaultRequest } from '../../../backends/vault/client.ts'
import { VaultError } from '../../../backends/vault/error.ts'
import { JsonNumber, type LosslessJson, writeLossless } from '../../../wire/json/lossless.ts'
import type { Io } from '../../io.ts'
import { isHelp } from './help.ts'
import { readClientFlags, withServer } from './one-request.ts'

const USAGE = `Usage: vault token <subcommand>

    lookup [-format=json] [-field=NAME] [TOKEN | -accessor ACCESSOR]
                                What the server knows of the own token, or of another
    revoke -self | TOKEN | -accessor ACCESSOR
                                Ends the token and its leases
`

/** `vault token lookup` and `vault token revoke`: 0 when it worked, 2 when the server said no, 1 for wrong usage. */
export async function runToken([command, ...args]: readonly string[], io: Io): Promise<number> {
  if (command !== 'lookup' && command !== 'revoke') {
    const asked = command !== undefined && isHelp(command)
    ;(asked ? io.stdout : io.stderr).write(USAGE)
    return asked ? 0 : 1
  }
  if (args.some(isHelp)) {
    io.stdout.write(USAGE)
    return 0
  }
  const flags = readClientFlags(args, io)
  if (typeof flags === 'string') return wrong(flags, io)
  const { commandLine, format, self, accessor, field } = flags
  const [given, ...more] = commandLine.rest
  if (more.length > 0) return wrong(`Too many arguments (expected 0-1, got ${commandLine.rest.length})`, io)
  if (command === 'revoke' && self === (given !== undefined)) return wrong('give a token, or -self', io)
  if (accessor && given === undefined) return wrong('-accessor needs the accessor of a token', io)
  return withServer(commandLine, io, async ({ client, token, signal }) => {
    try {
      const answer = await client.request(
        { ...requestOf(command, given, accessor), ...(token !== undefined && { token }) },
        signal,
      )
      if (command === 'revoke') io.stdout.write('Success! Revoked token (if it existed)\n')
      else if (field !== undefined) return printField(field, mapIn(answer, 'data'), io)
      else
        io.stdout.write(
          format === 'json'
            ? `${JSON.stringify(JSON.parse(writeLossless(answer)), null, 2)}\n`
            : table(mapIn(answer, 'data')),
        )
      return 0
    } catch (error) {
      if (!(error instanceof VaultError)) throw error
      io.stderr.write(`Error ${command === 'lookup' ? 'looking up' : 'revoking'} token: ${error.message}\n`)
      return 2
    }
  })
}

function requestOf(
  command: 'lookup' | 'revoke',
  given: string | undefined,
  isAccessor: boolean,
): Pick<VaultRequest, 'method' | 'path' | 'body'> {
  if (given !== undefined && isAccessor)
    return { method: 'POST', path: `auth/token/${command}-accessor`, body: new Map([['accessor', given]]) }
  if (given !== undefined)
    return { method: 'POST', path: `auth/token/${command}`, body: new Map([['token', given]]) }
  return command === 'lookup'
    ? { method: 'GET', path: 'auth/token/lookup-self' }
    : { method: 'PUT', path: 'auth/token/revoke-self', body: new Map() }
}

/** One entry as it is, with no line feed behind it, for `$(…)` and pipes. */
function printField(field: string, data: ReadonlyMap<string, LosslessJson> | undefined, io: Io): number {
  const value = data?.get(field)
  if (value === undefined || value === null) return wrong(`Field "${field}" not present in secret`, io)
  io.stdout.write(value === '' ? '' : shown('', value))
  return 0
}

/** Two columns, as Vault prints them. */
function table(data: ReadonlyMap<string, LosslessJson> | undefined): string {
  const rows = [...(data ?? [])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, shown(key, value)] as const)
  const width = Math.max(3, ...rows.map(([key]) => key.length))
  const all = [['Key', 'Value'] as const, ['---', '-----'] as const, ...rows]
  return all.map(([key, value]) => `${key.padEnd(width)}    ${value}\n`).join('')
}

function shown(key: string, value: LosslessJson): string {
  if (value === null) return '<nil>'
  if (value === '') return 'n/a'
  if (typeof value === 'string') return value
  if (value instanceof JsonNumber) return /ttl$/.test(key) ? duration(Number(value.text)) : value.text
  if (Array.isArray(value)) return `[${value.map(each => shown('', each)).join(' ')}]`
  if (value instanceof Map)
    return `map[${[...value].map(([name, each]) => `${name}:${shown('', each)}`).join(' ')}]`
  return String(value)
}

/** Seconds as Vault prints them: `1h`, `2m3s`. */
function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const text = parts.map((part, index) => (part === 0 ? '' : `${part}${'hms'[index]}`)).join('')
  return text === '' ? '0s' : text
}

function wrong(message: string, io: Io): number {
  io.stderr.write(`${message}\n`)
  return 1
}
