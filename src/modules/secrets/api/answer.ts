import { JsonNumber, type LosslessJson } from '../../../wire/json/lossless.ts'

/** A request as Vault's HTTP API knows it. */
export interface ApiRequest {
  readonly operation: Operation
  /** Decoded, without `/v1/` and without a slash at its beginning. */
  readonly path: string
  readonly query: URLSearchParams
  /** The fields of the body; none when there is no body. */
  readonly fields: Fields
  /** Without parameters, in lower case. */
  readonly contentType: string
}

export type Operation = 'read' | 'list' | 'write' | 'patch' | 'delete'
export type Fields = ReadonlyMap<string, LosslessJson>

export interface ApiAnswer {
  readonly status: number
  /** Undefined: no body at all. */
  readonly body: LosslessJson | undefined
}

/** What ends a request with an answer of its own; nothing is written then. */
export class ApiRefusal extends Error {
  readonly answer: ApiAnswer

  constructor(answer: ApiAnswer) {
    super(`status ${answer.status}`)
    this.answer = answer
  }
}

export const NO_CONTENT: ApiAnswer = { status: 204, body: undefined }
export const NOT_FOUND: ApiAnswer = errors(404)
export const UNSUPPORTED: ApiAnswer = errors(405, '1 error occurred:\n\t* unsupported operation\n\n')
export const DENIED: ApiAnswer = errors(403, 'permission denied')

export function errors(status: number, ...messages: readonly string[]): ApiAnswer {
  return { status, body: new Map([['errors', messages]]) }
}

/** Vault's envelope, whose `request_id` is set when it is sent. */
export function data(value: LosslessJson, status = 200, warnings: LosslessJson = null): ApiAnswer {
  return { status, body: new Map([...envelope(value), ['warnings', warnings], ['auth', null]]) }
}

export function object(fields: Readonly<Record<string, LosslessJson | number>>): Fields {
  return new Map(
    Object.entries(fields).map(([key, value]) => [key, typeof value === 'number' ? integer(value) : value]),
  )
}

export function integer(value: number): JsonNumber {
  return new JsonNumber(String(value))
}

function envelope(value: LosslessJson): [string, LosslessJson][] {
  return [
    ['request_id', ''],
    ['lease_id', ''],
    ['renewable', false],
    ['lease_duration', integer(0)],
    ['data', value],
    ['wrap_info', null],
  ]
}
