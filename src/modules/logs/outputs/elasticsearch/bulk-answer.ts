import type { Slice } from '../../batch.ts'
import type { Outcome, Rejection } from '../output.ts'
import { countRecords, selectRecords } from '../selection.ts'
import type { BulkOperation } from './config.ts'

/** What the server said to one `_bulk` request. */
export interface BulkAnswer {
  readonly status: number
  /** From the Retry-After header. */
  readonly afterMs?: number
  readonly body: Buffer
}

/** What the answer is judged by. */
export interface BulkQuestion {
  readonly slices: readonly Slice[]
  readonly op: BulkOperation
  /** Where the output's configuration stands, for the reasons. */
  readonly key: string
  /** How the output proves who it is; its option is named when it is refused. */
  readonly auth: 'apiKey' | 'username' | 'tls' | 'aws' | 'none'
  /** What to do when AWS credentials are refused. */
  readonly mendAws?: string | undefined
  /** Where the records go, for people: `data stream logs-a-b`, `index logs`. */
  readonly target: string
  readonly targetOption: 'dataStream' | 'index'
}

export interface BulkVerdict {
  readonly outcome: Outcome
  /** Records that wait for somebody to mend the server or the configuration, though others arrived. */
  readonly refusal?: string
}

interface ItemError {
  readonly type?: string
  readonly reason?: string
  readonly caused_by?: ItemError
}

interface Item {
  readonly status?: number
  readonly error?: ItemError | string
}

/** Judges an answer. Sources: the `_bulk` reference of Elasticsearch and OpenSearch; both answer items in request order. */
export function judgeBulk(question: BulkQuestion, answer: BulkAnswer): BulkVerdict {
  const { status } = answer
  if (status >= 200 && status < 300) return judgeItems(question, answer.body)
  return { outcome: judgeStatus(question, answer) }
}

function judgeStatus(question: BulkQuestion, answer: BulkAnswer): Outcome {
  const { status, afterMs } = answer
  const said = describeError(answer)
  if (status === 413) return { kind: 'too_large', reason: said }
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'failed', reason: said, ...(afterMs === undefined ? {} : { afterMs }) }
  }
  return { kind: 'failed', refused: true, reason: `${said}; ${mend(question, status)}` }
}

/** The sentence that says what to change. */
function mend({ key, auth, mendAws, target, targetOption }: BulkQuestion, status: number): string {
  if (auth === 'aws' && (status === 401 || status === 403))
    return `${mendAws}, and that the domain’s access policy lets them write to ${target}`
  if (status === 401) {
    if (auth === 'apiKey') return `check ${key}.apiKey`
    if (auth === 'username') return `check ${key}.username and ${key}.password`
    if (auth === 'tls') return `check ${key}.tls.cert, or set ${key}.apiKey`
    return `set ${key}.apiKey, or ${key}.username and ${key}.password`
  }
  if (status === 403)
    return `these credentials may not write to ${target}: grant create_doc and auto_configure on it`
  if (status === 404)
    return `check ${key}.url (its path too), and that ${target} exists or may be created (${key}.${targetOption})`
  if (status >= 300 && status < 400) return `the server points elsewhere: write that address as ${key}.url`
  return `check that ${key}.url is an Elasticsearch or OpenSearch server, and ${key}.${targetOption} and ${key}.pipeline`
}

function judgeItems(question: BulkQuestion, body: Buffer): BulkVerdict {
  if (saysNoErrors(body)) return { outcome: { kind: 'done' } }
  const items = parseItems(body)
  if (!items) {
    const reason = `the answer is not that of a _bulk request (${excerpt(body)}); check that ${question.key}.url is an Elasticsearch or OpenSearch server`
    return { outcome: { kind: 'failed', refused: true, reason } }
  }
  const expected = countRecords(question.slices)
  if (items.length !== expected) {
    const reason = `the answer has ${items.length} items for ${expected} records, so nobody knows which arrived`
    return { outcome: { kind: 'failed', reason } }
  }
  return sortItems(question, items)
}

/** The servers write `errors` among the first two fields; then nothing more of the answer needs reading. */
function saysNoErrors(body: Buffer): boolean {
  const start = body.toString('latin1', 0, 256)
  const items = start.indexOf('"items"')
  const head = items < 0 ? start : start.slice(0, items)
  return /"errors"\s*:\s*false/.test(head)
}

function parseItems(body: Buffer): Item[] | undefined {
  try {
    const answer = JSON.parse(body.toString('utf8')) as { errors?: unknown; items?: unknown }
    if (!Array.isArray(answer.items)) return undefined
    return answer.items.map(item => Object.values(item as Record<string, Item>)[0] ?? {})
  } catch {
    return undefined
  }
}

function sortItems(question: BulkQuestion, items: readonly Item[]): BulkVerdict {
  const retry: number[] = []
  const rejected = new Map<string, number[]>()
  let refusal: string | undefined
  let busy: string | undefined
  let refused = 0
  items.forEach((item, ordinal) => {
    const fate = judgeItem(item, question.op)
    if (fate === 'ok') return
    const reason = describeItem(item)
    if (fate === 'rejected') {
      const same = rejected.get(reason)
      if (same) same.push(ordinal)
      else rejected.set(reason, [ordinal])
      return
    }
    retry.push(ordinal)
    if (fate === 'busy') busy ??= reason
    else if (refused++ === 0) refusal = `${reason}; ${mendItem(question, item)}`
  })
  if (retry.length === items.length && items.length > 0) {
    const all = refused === items.length
    return {
      outcome: {
        kind: 'failed',
        reason: (all ? refusal : busy) ?? 'no item was accepted',
        ...(all ? { refused: true } : {}),
      },
    }
  }
  const rejections: Rejection[] = []
  for (const [reason, ordinals] of rejected)
    rejections.push({ slices: selectRecords(question.slices, ordinals), reason })
  return {
    outcome: {
      kind: 'done',
      ...(retry.length > 0 ? { retry: selectRecords(question.slices, retry) } : {}),
      ...(rejections.length > 0 ? { rejected: rejections } : {}),
    },
    ...(refusal === undefined ? {} : { refusal }),
  }
}

type Fate =
  | 'ok'
  /** The server has too much to do. */
  | 'busy'
  /** The record is well; the server's state or our configuration is not, and can be mended. */
  | 'refused'
  /** The record itself will never be taken. */
  | 'rejected'

function judgeItem(item: Item, op: BulkOperation): Fate {
  const status = item.status ?? 0
  if (status >= 200 && status < 300) return 'ok'
  if (status === 409 && op === 'create') return 'ok'
  if (status === 429 || status === 408 || status >= 500 || status === 0) return 'busy'
  if (status === 409) return 'busy'
  // What is to be updated is not there.
  if (status === 404 && typeOf(item) === 'document_missing_exception') return 'rejected'
  if (status === 401 || status === 403 || status === 404 || isSetupFault(item)) return 'refused'
  return 'rejected'
}

function typeOf({ error }: Item): string {
  return typeof error === 'object' ? (error.type ?? '') : ''
}

/**
 * Answers with status 400 that are about the set-up and hit every record alike: to call them the record's fault
 * would empty the spool into the dead letters because of one wrong option.
 */
const setupFaults: readonly RegExp[] = [
  /^pipeline with id \[.*\] does not exist/,
  /only write ops with an op_type of create are allowed in data streams/,
  /^no write index is defined for alias/,
  /this action would add \[\d+\].*shards/,
]
const setupFaultTypes = new Set([
  'invalid_index_name_exception',
  'index_closed_exception',
  'cluster_block_exception',
])

function isSetupFault({ error }: Item): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { type, reason } = error
  return setupFaultTypes.has(type ?? '') || setupFaults.some(fault => fault.test(reason ?? ''))
}

function mendItem(question: BulkQuestion, item: Item): string {
  const reason = typeof item.error === 'object' ? (item.error?.reason ?? '') : ''
  if (reason.startsWith('pipeline')) return `check ${question.key}.pipeline`
  if (reason.includes('op_type of create'))
    return `${question.target} is a data stream: write it as ${question.key}.dataStream`
  const status = item.status ?? 0
  if (status === 401 || status === 403 || status === 404) return mend(question, status)
  return `check ${question.target} on the server and ${question.key}.${question.targetOption}`
}

function describeItem({ status, error }: Item): string {
  if (typeof error === 'string') return error
  const cause = error?.caused_by
  const because = cause?.reason ? ` (${cause.type ?? 'caused by'}: ${cause.reason})` : ''
  return error?.type || error?.reason
    ? `${error.type ?? `status ${status}`}: ${error.reason ?? 'no reason given'}${because}`
    : `status ${status ?? 'missing'}`
}

/** `503 type: reason` from a whole answer, or the beginning of its text. */
function describeError({ status, body }: BulkAnswer): string {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: ItemError | string }
    if (error) return `the server answered ${status} ${describeItem({ error })}`
  } catch {
    // Not JSON: a proxy answered.
  }
  const text = excerpt(body)
  return text === '' ? `the server answered ${status}` : `the server answered ${status}: ${text}`
}

function excerpt(body: Buffer): string {
  return body.toString('utf8', 0, 200).replace(/\s+/g, ' ').trim()
}
