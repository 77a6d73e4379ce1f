import type { LineTrial, RecordTrial, StepTrial } from '../../modules/logs/trial.ts'

const DIM = '2'
const GREEN = '32'
const RED = '31'
const YELLOW = '33'

/** A line's way through the pipeline, for people: what came, what each format and step made of it, where it goes. */
export function trialText(trial: LineTrial, number: number, colours: boolean): string {
  const paint = (code: string, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const rows: string[] = [`${paint('1', String(number))}  ${printable(trial.line)}`]
  const row = (name: string, text: string) => rows.push(`   ${paint(DIM, name.padEnd(12))} ${text}`)
  for (const record of trial.formatted) {
    const misfit = misfitOf(record)
    row(trial.format, misfit === undefined ? printable(record) : paint(RED, `does not fit: ${misfit}`))
  }
  if (trial.formatted.length === 0) row(trial.format, paint(YELLOW, 'no record yet'))
  for (const step of trial.steps) row(shortKey(step.key), stepText(step, paint))
  for (const record of trial.records) for (const text of recordRows(record, paint)) row('→', text)
  return `${rows.join('\n')}\n`
}

type Paint = (code: string, text: string) => string

/** `logs.steps[0].keep` is `steps[0]`: what it does is said beside it. */
function shortKey(key: string): string {
  return key.replace(/^logs\./, '').replace(/\.\w+$/, '')
}

function stepText({ config, passes, before, after }: StepTrial, paint: Paint): string {
  const what = paint('1', config.kind)
  const condition = typeof config.config === 'string' ? ` ${config.config}` : ''
  if (config.kind === 'keep' || config.kind === 'drop') {
    const holds = passes === (config.kind === 'keep')
    const verdict = holds ? 'holds' : 'does not hold'
    return `${what}${condition}: ${verdict}, ${passes ? paint(GREEN, 'stays') : paint(RED, 'dropped')}`
  }
  if (!passes) return `${what}: ${paint(RED, 'dropped')}`
  const changes = before === after ? [] : changesOf(before, after)
  return `${what}: ${changes.length === 0 ? paint(DIM, 'nothing to do') : changes.map(printable).join(', ')}`
}

function recordRows({ record, timeMs, tag, outputs, others }: RecordTrial, paint: Paint): string[] {
  const rows = [`${new Date(timeMs).toISOString()} tag ${tag}`]
  for (const output of outputs) {
    const own = output.record === record ? '' : `, there as ${printable(output.record)}`
    rows.push(`${paint(GREEN, output.name)}${own}`)
  }
  if (others.length > 0) rows.push(paint(DIM, `not to ${others.join(', ')}`))
  return rows
}

/** `+name: value` for what is new, `-name` for what has gone, `name: old → new` for the rest. */
function changesOf(before: string, after: string): string[] {
  const old = JSON.parse(before) as Record<string, unknown>
  const now = JSON.parse(after) as Record<string, unknown>
  const changes: string[] = []
  for (const name of Object.keys(old)) if (!Object.hasOwn(now, name)) changes.push(`-${name}`)
  for (const [name, value] of Object.entries(now)) {
    const text = JSON.stringify(value)
    if (!Object.hasOwn(old, name)) changes.push(`+${name}: ${text}`)
    else if (JSON.stringify(old[name]) !== text)
      changes.push(`${name}: ${JSON.stringify(old[name])} → ${text}`)
  }
  return changes.length > 0 ? changes : ['the same fields in another order']
}

function misfitOf(record: string): string | undefined {
  const { parse_error: problem } = JSON.parse(record) as { readonly parse_error?: unknown }
  return typeof problem === 'string' ? problem : undefined
}

/** A line must not move the cursor or change the colours of the terminal that shows it. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, character =>
    character === '\t' ? ' ' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
