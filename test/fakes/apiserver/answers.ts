import type { ServerResponse } from 'node:http'
import { Failure } from './failure.ts'
import type { Fault } from './faults.ts'
import type { Tree } from './tree.ts'
import type { Route } from './wish.ts'

/** The answer to a delete. */
export function success({ kind, name }: Route, { metadata }: Tree): Tree {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, group: kind.group, kind: kind.resource, uid: metadata.uid },
  }
}

export function statusFault(
  { status, headers = {} }: Fault & { kind: 'status' },
  response: ServerResponse,
): Failure {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  const reason = status === 429 ? 'TooManyRequests' : status === 409 ? 'Conflict' : 'InternalError'
  return new Failure(status, reason, 'ordered by the test')
}

export function internal(error: unknown): Failure {
  return new Failure(500, 'InternalError', `Internal error occurred: ${(error as Error).stack}`)
}

/** Warnings go as RFC 9111 once had them: one field each, code 299. */
export function send(response: ServerResponse, code: number, body: Tree, warnings: readonly string[]): void {
  const texts = warnings.map(
    text =>
      `299 - "${Buffer.from(text)
        .toString('latin1')
        .replace(/["\\]/g, '\\$&')
        .replace(/[\r\n]/g, ' ')}"`,
  )
  if (texts.length > 0) response.setHeader('Warning', texts)
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
