import type { SecretStatus, SecretsStatus } from '../../modules/secrets/status.ts'
import type { Call } from '../call.ts'
import { table } from '../layout.ts'
import { liveStatus } from './live-status.ts'
import { spanText } from './span-text.ts'

export function mistake({ positionals, values }: Call): string | undefined {
  if (positionals.length > 0) return `expected no more, got "${positionals[0]}" behind it`
  const foreign = Object.keys(values).find(
    name => values[name] !== undefined && !['config', 'admin', 'json'].includes(name),
  )
  return foreign && `takes no --${foreign}`
}

/** `outrigger secrets status`: 0 when every secret is fresh and every delivery is made, else 1. */
export async function run(call: Call): Promise<number> {
  const status = await liveStatus(call)
  const isWell =
    status.secrets.every(({ state, problem }) => state === 'fresh' && problem === undefined) &&
    status.deliveries.every(({ state, ready }) => ready && state === 'ok') &&
    status.sources.every(({ state }) => state === 'ok')
  const { stdout } = call.io
  stdout.write(
    call.values['json'] === true ? `${JSON.stringify(status, null, 2)}\n` : shown(status, stdout.columns),
  )
  return isWell ? 0 : 1
}

function shown({ sources, secrets, deliveries }: SecretsStatus, columns = 120): string {
  const width = Math.min(Math.max(columns, 80), 160)
  const rows = (head: string[], body: string[][]) =>
    body.length === 0 ? [] : ['', ...table([head, ...body], { indent: 0, width })]
  return `${[
    ...rows(
      ['SOURCE', 'STATE', ''],
      sources.map(({ name, state, message = '' }) => [name, state, message]),
    ),
    ...rows(
      ['SECRET', 'STATE', 'ENDS IN', 'NEXT IN', ''],
      secrets.map(each => [
        each.name,
        each.state,
        each.expiresInSeconds === undefined ? '-' : spanText(each.expiresInSeconds),
        each.nextInSeconds === undefined ? '-' : spanText(each.nextInSeconds),
        problemOf(each),
      ]),
    ),
    ...rows(
      ['DELIVERY', 'TO', 'STATE', 'CHANGES', ''],
      deliveries.map(({ name, target, state, changes, message = '' }) => [
        name,
        target,
        state,
        String(changes),
        message,
      ]),
    ),
  ]
    .join('\n')
    .trimStart()}\n`
}

function problemOf({ problem }: SecretStatus): string {
  return problem === undefined ? '' : `${problem.message} (${problem.attempts} tries)`
}
