import type { SecretStatus, SecretsStatus } from '../../modules/secrets/status.ts'
import type { Call } from '../call.ts'
import { wrap } from '../layout.ts'
import { liveStatus } from './live-status.ts'
import { spanText } from './span-text.ts'
import { mistake as mistakeOfStatus } from './status.ts'

export function mistake(call: Call): string | undefined {
  const [, more] = call.positionals
  if (more !== undefined) return `expected a PATH or the name of a delivery, got "${more}" behind it`
  return mistakeOfStatus({ ...call, positionals: [] })
}

/** `outrigger secrets explain [NAME]`: what has become of secrets, what happens next, and why. */
export async function run(call: Call): Promise<number> {
  const [asked] = call.positionals
  const status = await liveStatus(call)
  const secrets = status.secrets.filter(secret => asked === undefined || concerns(secret, asked))
  if (secrets.length === 0) {
    const known = [...status.secrets.map(({ name }) => name), ...status.deliveries.map(({ name }) => name)]
    throw new Error(
      asked === undefined
        ? 'the sidecar holds no secrets'
        : `nothing is called "${asked}"; there are ${known.join(', ')}`,
    )
  }
  const width = Math.min(Math.max(call.io.stdout.columns ?? 100, 60), 120)
  for (const secret of secrets)
    call.io.stdout.write(
      `${[secret.name, ...sentences(secret, status).flatMap(each => wrap(each, width - 2).map(line => `  ${line}`))].join('\n')}\n`,
    )
  return 0
}

function concerns({ name, usedBy }: SecretStatus, asked: string): boolean {
  return name === asked || name.slice(name.indexOf(':') + 1) === asked || usedBy.includes(asked)
}

function sentences(secret: SecretStatus, { deliveries }: SecretsStatus): string[] {
  const { usedBy, lastChange, problem } = secret
  const targets = deliveries
    .filter(({ name }) => usedBy.includes(name))
    .map(({ name, target }) => `${name} (${target})`)
  return [
    stateOf(secret),
    ...(problem === undefined
      ? []
      : [
          `The last ${problem.attempts === 1 ? 'try' : `${problem.attempts} tries`} did not work (since ${problem.since}): ${problem.message}.`,
        ]),
    nextOf(secret),
    ...(lastChange === undefined ? [] : [`Its value came at ${lastChange}.`]),
    targets.length === 0
      ? 'No delivery holds it: an option of another module names it, or nobody wants it any more.'
      : `It is in ${targets.join(', ')}.`,
  ].filter(each => each !== '')
}

function stateOf({ state, timing, renewable, expiresInSeconds }: SecretStatus): string {
  const ends = expiresInSeconds === undefined ? '' : spanText(expiresInSeconds)
  if (state === 'waiting') return 'There was no value yet; what needs it waits.'
  if (state === 'expired')
    return 'Its time is over, and there is no other one: the last value is still delivered, and may not work any more.'
  if (state === 'stale') return 'Its source does not answer: this is the last good value.'
  switch (timing) {
    case 'leased':
      return `It is good: its lease ends in ${ends}${renewable ? ', and can be renewed' : ', and cannot be renewed'}.`
    case 'rotated':
      return `It is good: its server changes it in ${ends}.`
    case 'expires':
      return `It is good: it ends in ${ends}.`
    case 'watched':
      return 'It is good: its source tells when it changes.'
    default:
      return 'It is good: it has no end, and is asked for every now and then.'
  }
}

function nextOf({ state, timing, renewable, nextInSeconds, problem }: SecretStatus): string {
  if (nextInSeconds === undefined) return ''
  const when = `in ${spanText(nextInSeconds)}`
  if (problem !== undefined) return `The next try is ${when}.`
  if (state === 'fresh' && timing === 'leased' && renewable) return `It is renewed ${when}.`
  return `It is asked for again ${when}.`
}
