import { excerpt, outcomeOf, type StatusContext } from '../http-status.ts'
import type { PartOutcome } from '../requests.ts'
import type { Stream, StreamEntry, TenantPush } from './streams.ts'

export interface PushAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface PushContext extends StatusContext {
  /** `logs.outputs[0].loki.tenant` */
  readonly tenantKey: string
}

/**
 * Judges an answer. Loki stores what it can of a request and names in its 400 what it cannot (pkg/validation/validate.go
 * and the ingester's list of failed entries): those lines are rejected, and the others are sent once more, which it
 * recognises. When it names nothing that we have, the request is divided.
 */
export function judgePush(
  { streams }: Pick<TenantPush, 'streams'>,
  answer: PushAnswer,
  context: PushContext,
): PartOutcome {
  const { status, body } = answer
  const said = excerpt(body, 500)
  if (status === 401 && /no org id/i.test(said)) {
    const reason = `the server answered 401: ${said}; it has several tenants: set ${context.tenantKey}`
    return { kind: 'failed', refused: true, reason }
  }
  if (isTooLarge(status, said)) return { kind: 'too_large', reason: `the server answered ${status}: ${said}` }
  if (status !== 400) return outcomeOf(status, said, { ...context, rejects: [] })
  const text = body.toString('utf8')
  const reason = `the server answered 400: ${said}`
  const named = new Set<number>()
  for (const stream of streams) {
    const isNamed = namedBy(text, stream)
    for (const entry of stream.entries) if (isNamed(entry)) named.add(entry.ordinal)
  }
  if (named.size === 0) return { kind: 'rejected', reason }
  const all = streams.flatMap(({ entries }) => entries.map(({ ordinal }) => ordinal))
  return {
    kind: 'done',
    rejected: [{ ordinals: [...named].sort((a, b) => a - b), reason }],
    retry: all.filter(ordinal => !named.has(ordinal)),
  }
}

/** Also what its inner connections say of a message that is larger than they take. */
function isTooLarge(status: number, said: string): boolean {
  return (
    status === 413 ||
    (status >= 400 && /larger than max|request body too large|message too large/i.test(said))
  )
}

const tooLong = /Max entry size '(\d+)' bytes exceeded/
const oldest = /oldest acceptable timestamp is: (\d{4}-[\dT:.-]+Z)/g
const tooNew = /has timestamp too new: (\d{4}-[\dT:.-]+Z)/g
const wholeStream =
  /has label (?:name|value) too long|has duplicate label name|has \d+ label names; limit|error at least one label|Error parsing labels|missing required labels/

/** Which lines of the stream the text surely speaks of. */
function namedBy(text: string, { labels }: Stream): (entry: StreamEntry) => boolean {
  const maxBytes = Number(tooLong.exec(text)?.[1] ?? Number.POSITIVE_INFINITY)
  const mentioned = text.includes(labels)
  const oldestMs = mentioned
    ? Math.max(...moments(text, oldest), Number.NEGATIVE_INFINITY)
    : Number.NEGATIVE_INFINITY
  // Moments are told in whole seconds.
  const newestMs = Math.min(...moments(text, tooNew).map(timeMs => timeMs + 1000), Number.POSITIVE_INFINITY)
  const whole = mentioned && wholeStream.test(text)
  return ({ timeMs, start, end }) =>
    whole || end - start > maxBytes || timeMs < oldestMs || timeMs >= newestMs
}

function moments(text: string, form: RegExp): number[] {
  return Array.from(text.matchAll(form), ([, moment]) => Date.parse(moment)).filter(
    timeMs => !Number.isNaN(timeMs),
  )
}
