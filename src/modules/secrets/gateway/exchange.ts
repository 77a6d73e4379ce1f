import { createHash } from 'node:crypto'
import { mapIn, numberIn, textIn } from '../../../backends/vault/answers.ts'
import type { ServerRequest } from '../../../http/server/request.ts'
import { type LosslessJson, parseLossless } from '../../../wire/json/lossless.ts'
import type { UpstreamAnswer } from '../sources/source.ts'
import type { Grant } from './lease-cache.ts'

type Members = ReadonlyMap<string, LosslessJson>

/** Fields of requests that mean something to Vault, besides all that begin with `x-vault-`. */
const SENT_ON = new Set(['content-type', 'accept', 'user-agent', 'if-none-match'])
const GIVEN_BACK = [
  'content-type',
  'cache-control',
  'retry-after',
  'warning',
  'x-vault-index',
  'x-vault-hostname',
]

/** The token of a request, in either of Vault's ways. */
export function tokenOf({ headers }: ServerRequest): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const token = headers.get('x-vault-token') ?? bearer
  return token === '' ? undefined : token
}

/** The fields that are sent on, with this token and namespace instead of their own. */
export function headersOf(
  { headers }: ServerRequest,
  token: string | undefined,
  namespace: string,
): Record<string, string> {
  const sent: Record<string, string> = { 'x-vault-request': 'true' }
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    if (key.startsWith('x-vault-') || SENT_ON.has(key)) sent[key] = value
  }
  delete sent['x-vault-token']
  delete sent['x-vault-namespace']
  if (token !== undefined) sent['x-vault-token'] = token
  if (namespace !== '') sent['x-vault-namespace'] = namespace
  return sent
}

export function headersBack(answer: UpstreamAnswer): Record<string, string> {
  const back: Record<string, string> = {}
  for (const name of GIVEN_BACK) {
    const value = answer.header(name)
    if (value !== undefined) back[name] = value
  }
  return back
}

/** Requests with the same key have the same answer. */
export function keyOf(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): string {
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-vault-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([method, target, own]))
    .update(body)
    .digest('base64')
}

/** The members of a JSON object; undefined for all else. */
export function membersOf(body: Buffer): Members | undefined {
  try {
    const value = parseLossless(body.toString())
    return value instanceof Map ? (value as Members) : undefined
  } catch {
    return undefined
  }
}

/** What an answer grants; undefined when it is nothing with an end that could be followed. */
export function grantOf(members: Members | undefined): Grant | undefined {
  const auth = mapIn(members, 'auth')
  const token = textIn(auth, 'client_token')
  const part = token === undefined ? members : auth
  const id = token ?? textIn(members, 'lease_id')
  if (id === undefined || id === '') return undefined
  return {
    kind: token === undefined ? 'lease' : 'token',
    id,
    accessor: textIn(auth, 'accessor') ?? '',
    durationMs: (numberIn(part, 'lease_duration') ?? 0) * 1000,
    renewable: part?.get('renewable') === true,
  }
}
