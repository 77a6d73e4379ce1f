import type { Tree } from './tree.ts'

/** An answer that says no, as a Status of meta/v1. */
export class Failure extends Error {
  readonly code: number
  readonly reason: string
  readonly details: Tree | undefined

  constructor(code: number, reason: string, message: string, details?: Tree) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  get status(): Tree {
    const { code, reason, message, details } = this
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code,
    }
  }
}

export interface Cause {
  readonly field: string
  readonly message: string
  readonly reason?: string
}

export const badRequest = (message: string) => new Failure(400, 'BadRequest', message)

export function invalid(kind: string, group: string, name: string, causes: readonly Cause[]): Failure {
  const qualified = group === '' ? kind : `${kind}.${group}`
  const list = causes.map(({ field, message }) => `${field}: ${message}`)
  const text = list.length === 1 ? list[0] : `[${list.join(', ')}]`
  return new Failure(422, 'Invalid', `${qualified} "${name}" is invalid: ${text}`, {
    name,
    group,
    kind,
    causes: causes.map(({ field, message, reason = 'FieldValueInvalid' }) => ({ reason, message, field })),
  })
}

export function notFound(resource: string, group: string, name: string): Failure {
  const qualified = group === '' ? resource : `${resource}.${group}`
  return new Failure(404, 'NotFound', `${qualified} "${name}" not found`, { name, group, kind: resource })
}

export function alreadyExists(resource: string, group: string, name: string): Failure {
  const qualified = group === '' ? resource : `${resource}.${group}`
  return new Failure(409, 'AlreadyExists', `${qualified} "${name}" already exists`, {
    name,
    group,
    kind: resource,
  })
}

export function conflict(resource: string, group: string, name: string, why?: string): Failure {
  const qualified = group === '' ? resource : `${resource}.${group}`
  const reason =
    why ?? 'the object has been modified; please apply your changes to the latest version and try again'
  return new Failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified} "${name}": ${reason}`, {
    name,
    group,
    kind: resource,
  })
}

export const expired = (message: string) => new Failure(410, 'Expired', message)
