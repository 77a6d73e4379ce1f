import { readFile } from 'node:fs/promises'
import { systemClock } from '../../kernel/clock/system.ts'
import { parseDuration } from '../../kernel/config/units.ts'
import type { SecretsConfig } from '../../modules/secrets/config.ts'
import type { RenderedOnce } from '../../modules/secrets/render-once.ts'
import type { Call } from '../call.ts'
import { loadForCall } from '../configuration.ts'
import { table } from '../layout.ts'
import { commandHost } from './command-host.ts'

const DEFAULT_TIMEOUT_MS = 30_000

export function mistake({ positionals, values }: Call): string | undefined {
  if (positionals.length > 0) return `expected no more, got "${positionals[0]}" behind it`
  if (values['dry-run'] !== true)
    return 'expected --dry-run: files are written by outrigger run, and by outrigger as vault agent -exit-after-auth'
  const known = ['config', 'dry-run', 'reveal', 'timeout']
  const foreign = Object.keys(values).find(name => values[name] !== undefined && !known.includes(name))
  if (foreign !== undefined) return `takes no --${foreign}`
  const { timeout } = values
  return timeout === undefined || parseDuration(String(timeout)) !== undefined
    ? undefined
    : `--timeout: expected a duration such as 30s, got "${timeout}"`
}

/** `outrigger secrets render --dry-run`: makes every text once and writes none. 1 when one could not be made. */
export async function run(call: Call): Promise<number> {
  const loaded = await loadForCall(call)
  if (!loaded.ok) {
    call.io.stderr.write(loaded.report)
    return 2
  }
  const configured = loaded.configuration.modules.get('secrets')
  if (configured === undefined) throw new Error('the configuration has no secrets')
  const { timeout } = call.values
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(String(timeout))!
  await using host = commandHost(call, systemClock(), loaded.configuration.dataDir)
  const { renderOnce } = await import('../../modules/secrets/render-once.ts')
  const rendered = await renderOnce(configured.config as SecretsConfig, host.host, timeoutMs)
  await show(call, rendered)
  return rendered.some(({ problem }) => problem !== undefined) ? 1 : 0
}

/** Values are shown only to who asks for them. */
async function show(call: Call, rendered: readonly RenderedOnce[]): Promise<void> {
  const { stdout } = call.io
  if (call.values['reveal'] === true) {
    for (const { target, bytes, problem } of rendered)
      stdout.write(
        bytes === undefined
          ? `### ${target}: ${problem}\n`
          : `### ${target}\n${withLineFeed(Buffer.from(bytes).toString())}`,
      )
    return
  }
  const rows = await Promise.all(
    rendered.map(async ({ delivery, target, bytes, problem, secrets }) => [
      delivery,
      target,
      bytes === undefined ? '-' : `${bytes.length} bytes`,
      bytes === undefined ? `cannot be made: ${problem}` : await changeOf(target, bytes),
      secrets.join(', '),
    ]),
  )
  const head = ['DELIVERY', 'TO', 'SIZE', 'WOULD', 'FROM']
  stdout.write(
    `${table([head, ...rows], { indent: 0, width: Math.max(stdout.columns ?? 120, 80) }).join('\n')}\n`,
  )
}

async function changeOf(target: string, bytes: Uint8Array): Promise<string> {
  if (!target.startsWith('/')) return 'be set'
  const present = await readFile(target).catch(() => undefined)
  if (present === undefined) return 'be made'
  return Buffer.compare(present, bytes) === 0 ? 'stay as it is' : 'be changed'
}

function withLineFeed(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
