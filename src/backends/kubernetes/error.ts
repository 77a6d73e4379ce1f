import { type ResourceType, resourceName } from './resources.ts'

/** What was asked of the API server, for messages and for the right that it needs. */
export interface Attempt {
  /** As RBAC names it. */
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'
  readonly type: ResourceType
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** A rule of a Role or ClusterRole, in the form in which it is written there. */
export interface RbacRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** A Status (meta.k8s.io/v1) that says no. */
export interface FailureStatus {
  readonly message?: string
  /** A word for programs: `Conflict`, `AlreadyExists`, `Expired`. */
  readonly reason?: string
  readonly code?: number
  readonly details?: {
    readonly retryAfterSeconds?: number
    readonly causes?: readonly {
      readonly reason?: string
      readonly message?: string
      readonly field?: string
    }[]
  }
}

/** The API server has answered, and the answer is no. The message is for people. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  /** The HTTP status, or the code of a watch's error event. */
  readonly code: number
  /** The server's word for it; '' when it gave none. */
  readonly reason: string
  readonly attempt: Attempt
  readonly status: FailureStatus
  /** For 403: what has to be added to a Role (of the namespace) or ClusterRole. */
  readonly missingRule: RbacRule | undefined

  constructor(attempt: Attempt, code: number, status: FailureStatus) {
    const missing = code === 403 ? ruleFor(attempt) : undefined
    super(messageOf(attempt, code, status, missing))
    this.code = code
    this.reason = status.reason ?? ''
    this.attempt = attempt
    this.status = status
    this.missingRule = missing
  }

  /** Somebody else has written in the meantime: read again, decide again. */
  get isConflict(): boolean {
    return this.code === 409 && this.reason !== 'AlreadyExists'
  }

  get isAlreadyThere(): boolean {
    return this.code === 409 && this.reason === 'AlreadyExists'
  }

  get isNotFound(): boolean {
    return this.code === 404
  }

  /** The place in the history is no longer known (410): list again. */
  get isExpired(): boolean {
    return this.code === 410 || this.reason === 'Expired' || this.reason === 'Gone'
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubernetesError && error.isNotFound
}

export function isConflict(error: unknown): boolean {
  return error instanceof KubernetesError && (error.isConflict || error.isAlreadyThere)
}

function ruleFor({ verb, type, subresource }: Attempt): RbacRule {
  const resource = subresource === undefined ? type.resource : `${type.resource}/${subresource}`
  return { apiGroups: [type.group], resources: [resource], verbs: [verb] }
}

function messageOf(
  attempt: Attempt,
  code: number,
  status: FailureStatus,
  missing: RbacRule | undefined,
): string {
  const { verb, namespace, name, subresource } = attempt
  const what = `${resourceName(attempt.type)}${subresource === undefined ? '' : `/${subresource}`}`
  const which = `${what}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`
  const said = `the API server refused to ${verb} ${which} (${code}): ${status.message ?? status.reason ?? 'it gave no reason'}`
  if (code === 401) return `${said}; is the token right, and not expired?`
  if (missing === undefined) return said
  const holder =
    namespace === undefined ? 'a ClusterRole' : `a Role in namespace ${namespace} (or a ClusterRole)`
  return `${said}; add to ${holder} of this service account: ${JSON.stringify(missing)}`
}
