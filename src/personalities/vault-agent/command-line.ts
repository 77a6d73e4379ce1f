import type { Finding } from '../finding.ts'
import { placeOutside } from './place.ts'
import { parseDurationMs } from './values.ts'

/** What the command line of `vault agent` says; what it does not say is not there. */
export interface CommandLine {
  readonly help: boolean
  /** Files and folders, in their order. */
  readonly configs: readonly string[]
  readonly exitAfterAuth?: boolean
  readonly logLevel?: string
  readonly logFormat?: string
  readonly logFile?: string
  readonly logRotateBytes?: number
  readonly logRotateDurationMs?: number
  readonly logRotateMaxFiles?: number
  readonly address?: string
  readonly namespace?: string
  readonly caCert?: string
  readonly caPath?: string
  readonly clientCert?: string
  readonly clientKey?: string
  readonly tlsServerName?: string
  readonly tlsSkipVerify?: boolean
  /** What stands behind the flags. */
  readonly rest: readonly string[]
  readonly findings: readonly Finding[]
}

type Flag = {
  readonly field: keyof CommandLine
  readonly read: (value: string) => unknown
  readonly isSwitch?: boolean
}

const text = (field: keyof CommandLine): Flag => ({ field, read: value => value })
const whole = (field: keyof CommandLine): Flag => ({
  field,
  read: value => (/^-?\d+$/.test(value) ? Number(value) : undefined),
})
const bool = (field: keyof CommandLine): Flag => ({ field, read: readSwitch, isSwitch: true })

const FLAGS: Readonly<Record<string, Flag>> = {
  config: text('configs'),
  'exit-after-auth': bool('exitAfterAuth'),
  'log-level': text('logLevel'),
  'log-format': text('logFormat'),
  'log-file': text('logFile'),
  'log-rotate-bytes': whole('logRotateBytes'),
  'log-rotate-duration': { field: 'logRotateDurationMs', read: parseDurationMs },
  'log-rotate-max-files': whole('logRotateMaxFiles'),
  address: text('address'),
  namespace: text('namespace'),
  ns: text('namespace'),
  'ca-cert': text('caCert'),
  'ca-path': text('caPath'),
  'client-cert': text('clientCert'),
  'client-key': text('clientKey'),
  'tls-server-name': text('tlsServerName'),
  'tls-skip-verify': bool('tlsSkipVerify'),
  help: bool('help'),
  h: bool('help'),
}

/** Flags of `vault` that mean nothing to an agent, with or without a value. */
const WITHOUT_MEANING = new Map<string, 'switch' | 'value'>(
  Object.entries({
    'agent-address': 'value',
    'disable-redirects': 'switch',
    header: 'value',
    mfa: 'value',
    'non-interactive': 'switch',
    'output-curl-string': 'switch',
    'output-policy': 'switch',
    'policy-override': 'switch',
    'unlock-key': 'value',
    'wrap-ttl': 'value',
  } as const),
)

export type ParsedCommandLine =
  | { readonly ok: true; readonly commandLine: CommandLine }
  | { readonly ok: false; readonly message: string }

/** Reads flags as Go's package flag does: one dash or two, `-x=v` or `-x v`, up to the first word that is none. */
export function parseCommandLine(args: readonly string[]): ParsedCommandLine {
  const fields: Record<string, unknown> = {}
  const configs: string[] = []
  const findings: Finding[] = []
  let at = 0
  for (; at < args.length; at++) {
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(args[at]!)
    if (match === null) break
    const [, name = '', given] = match
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined
    const kind = flag === undefined ? WITHOUT_MEANING.get(name) : flag.isSwitch ? 'switch' : 'value'
    if (kind === undefined) return { ok: false, message: `flag provided but not defined: -${name}` }
    const value = given ?? (kind === 'switch' ? 'true' : args[++at])
    if (value === undefined) return { ok: false, message: `flag needs an argument: -${name}` }
    if (flag === undefined) {
      findings.push({
        level: 'warning',
        place: placeOutside(`-${name}`),
        subject: '',
        message: 'has no effect on an agent',
      })
      continue
    }
    const read = flag.read(value)
    if (read === undefined) return { ok: false, message: `invalid value "${value}" for flag -${name}` }
    if (flag.field === 'configs') configs.push(value)
    else fields[flag.field] = read
  }
  const rest = args.slice(args[at] === '--' ? at + 1 : at)
  return { ok: true, commandLine: { help: false, ...fields, configs, findings, rest } as CommandLine }
}

function readSwitch(value: string): boolean | undefined {
  if (/^(1|t|true|T|TRUE|True)$/.test(value)) return true
  return /^(0|f|false|F|FALSE|False)$/.test(value) ? false : undefined
}
