import { type Format, jsonLine } from '../../../kernel/log/format.ts'
import type { Level } from '../../../kernel/log/log.ts'
import type { LogRecord } from '../../../kernel/log/record.ts'
import type { DeliveryLabel } from '../../../personalities/vault-agent/translate.ts'

const LEVELS: Readonly<Record<Level, string>> = {
  debug: '[DEBUG]',
  info: '[INFO] ',
  warn: '[WARN] ',
  error: '[ERROR]',
}

/** What a delivery writes and from what, in the words of the agent's configuration; undefined for one that is not its own. */
export type LabelOf = (delivery: string) => DeliveryLabel | undefined

interface Line {
  readonly module: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A line as Vault Agent's log has it: `2026-01-02T03:04:05.678Z [INFO]  agent.sink.file: token written: path=…`. */
export function standardLine(labelOf: LabelOf): Format {
  return (record, withStacks) => {
    const { module, message, fields } = lineOf(record, withStacks, labelOf)
    const pairs = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`)
    const details = pairs.length === 0 ? '' : `: ${pairs.join(' ')}`
    return `${new Date(record.timeMs).toISOString()} ${LEVELS[record.level]} ${module}: ${printable(message)}${details}\n`
  }
}

/** The same as a JSON object. */
export function jsonLogLine(labelOf: LabelOf): Format {
  return (record, withStacks) => {
    const { module, message, fields } = lineOf(record, withStacks, labelOf)
    return `${JSON.stringify({
      '@level': record.level,
      '@message': message,
      '@module': module,
      '@timestamp': new Date(record.timeMs).toISOString(),
      ...fields,
    })}\n`
  }
}

/** What people and their tools look for has Vault Agent's words; all else is told as it is. */
function lineOf(record: LogRecord, withStacks: boolean, labelOf: LabelOf): Line {
  const { module, event } = record
  const message = inItsWords(record.message)
  const fields = fieldsOf(record, withStacks)
  const { delivery, ...others } = fields
  const named = typeof delivery === 'string' ? labelOf(delivery) : undefined
  const path = named?.label ?? String(fields['path'] ?? '')
  switch (event) {
    case 'vault_logged_in':
      return {
        module: 'agent.auth.handler',
        message: 'authentication successful, sending token to sinks',
        fields,
      }
    case 'vault_login_failed':
      return {
        module: 'agent.auth.handler',
        message: 'error authenticating',
        fields: { error: message, ...fields },
      }
    case 'vault_token_not_renewed':
      return {
        module: 'agent.auth.handler',
        message: 'error renewing token',
        fields: { error: message, ...fields },
      }
    case 'vault_token_renewed':
      return { module: 'agent.auth.handler', message: 'renewed auth token', fields }
    case 'token_delivered':
      return { module: 'agent.sink.file', message: 'token written', fields: { path } }
    case 'secret_delivered':
      return fields['path'] === undefined
        ? { module: 'agent.exec.server', message, fields: {} }
        : {
            module: 'agent',
            message: `(runner) rendered "${named?.source ?? '(dynamic)'}" => "${path}"`,
            fields: {},
          }
    case 'secret_not_rendered':
    case 'delivery_failed':
      return {
        module: event === 'delivery_failed' ? `agent.${module}` : 'agent.template.server',
        message: named === undefined ? message : message.replace(`${delivery}: `, `${path}: `),
        fields: named === undefined ? fields : others,
      }
    case 'application_started':
      return {
        module: 'agent.exec.server',
        message: `(child) spawning: ${fields['command']}`,
        fields: { pid: fields['pid'] },
      }
    case 'stopping':
      return { module: 'agent', message: 'shutdown triggered', fields: { reason: message, ...fields } }
    default:
      return { module: module === 'kernel' ? 'agent' : `agent.${module}`, message, fields }
  }
}

/** An error in a field is its words, and is left out where the message has them already. */
function fieldsOf(record: LogRecord, withStacks: boolean): Record<string, unknown> {
  const {
    time: _,
    level: __,
    module: ___,
    event: ____,
    message,
    ...fields
  } = JSON.parse(jsonLine(record, withStacks)) as Record<string, unknown>
  const words = (fields['error'] as { message?: unknown } | undefined)?.message
  if (typeof words !== 'string' || withStacks) return fields
  const { error: _____, ...others } = fields
  return String(message).includes(words) ? others : { ...others, error: inItsWords(words) }
}

/** The one source of secrets is the agent's `vault` block. */
function inItsWords(text: string): string {
  return text.replaceAll('secrets.sources[0].vault.', 'vault.')
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return /^[^\s"=\u0000-\u001f\u007f-\u009f]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}

/** Control characters could move the cursor of a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, char => JSON.stringify(char).slice(1, -1))
}
