import { createInterface } from 'node:readline'
import { systemClock } from '../../kernel/clock/system.ts'
import { Registry } from '../../kernel/metrics/registry.ts'
import type { LogsConfig } from '../../modules/logs/config.ts'
import type { LineTrial } from '../../modules/logs/trial.ts'
import type { Call } from '../call.ts'
import { loadForCall } from '../configuration.ts'
import type { Io } from '../io.ts'
import { trialText } from './trial-text.ts'

/** `outrigger logs test -c FILE < sample.log` */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (message: string) => {
    io.stderr.write(`outrigger logs test: ${message}\n`)
    return 2
  }
  if (positionals.length > 0)
    return fail(`takes options only, and lines from standard input; got "${positionals.join(' ')}"`)
  const loaded = await loadForCall(call)
  if (!loaded.ok) {
    io.stderr.write(loaded.report)
    return 2
  }
  const config = loaded.configuration.modules.get('logs')?.config as LogsConfig | undefined
  if (config === undefined) return fail('the configuration has no logs')
  const { entryNames } = await import('../../kernel/config/entry-names.ts')
  const index = indexOf(values['input'], entryNames(config.inputs))
  if (typeof index === 'string') return fail(index)
  if (io.stdin.isTTY === true) io.stderr.write('reading lines from the terminal; end with Ctrl-D\n')
  await using scope = new AsyncDisposableStack()
  const { Trial } = await import('../../modules/logs/trial.ts')
  const tag = typeof values['tag'] === 'string' ? values['tag'] : undefined
  const { loadLuaFor } = await import('../../modules/logs/steps/lua/library.ts')
  await loadLuaFor(config)
  const trial = new Trial(config, index, trialHost(scope, io), tag)
  const print = values['json'] === true ? jsonPrinter(io) : textPrinter(io)
  let records = 0
  for await (const line of createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    const result = await trial.take(line, 'stdin')
    records += result.records.length
    await print(result)
  }
  return records > 0 ? 0 : 1
}

/** Of the name, or 0 without one; or what is wrong with it. */
function indexOf(name: unknown, names: readonly string[]): number | string {
  if (typeof name !== 'string') return 0
  const index = names.indexOf(name)
  return index >= 0 ? index : `--input: expected one of ${names.join(', ')}, got "${name}"`
}

function trialHost(scope: AsyncDisposableStack, { env, stderr }: Io) {
  const tell = (_event: string, message: string) => void stderr.write(`${message}\n`)
  const log = { debug: () => {}, info: () => {}, warn: tell, error: tell, audit: () => {} }
  return { scope, env, clock: systemClock(), log, metrics: new Registry().view('logs') }
}

function jsonPrinter({ stdout }: Io): (trial: LineTrial) => Promise<void> {
  return trial => print({ stdout }, `${JSON.stringify(trial)}\n`)
}

function textPrinter({ stdout, env }: Io): (trial: LineTrial) => Promise<void> {
  const colours = stdout.isTTY === true && env['NO_COLOR'] === undefined
  let number = 0
  return trial => print({ stdout }, trialText(trial, ++number, colours))
}

async function print({ stdout }: Pick<Io, 'stdout'>, text: string): Promise<void> {
  if (!stdout.write(text)) await new Promise<void>(resolve => stdout.once('drain', () => resolve()))
}
