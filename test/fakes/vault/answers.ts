/** A request that is refused, in the words of the real server. */
export class Refusal extends Error {
  readonly status: number
  readonly errors: readonly string[]
  readonly body: object
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    errors: readonly string[],
    given: { body?: object; headers?: Record<string, string> } = {},
  ) {
    super(errors.join('; '))
    this.status = status
    this.errors = errors
    this.body = given.body ?? { errors }
    this.headers = given.headers ?? {}
  }
}

export const forbidden = () => new Refusal(403, ['permission denied'])

/** What the policies of a token do not allow, which the server counts. */
export const notAllowed = () => new Refusal(403, ['1 error occurred:\n\t* permission denied\n\n'])

/** The members of an answer that differ from nothing. */
export interface Answer {
  readonly data?: object | null
  readonly auth?: object
  readonly wrap_info?: object
  readonly lease_id?: string
  readonly renewable?: boolean
  readonly lease_duration?: number
  readonly warnings?: readonly string[]
}

/** With all members that an answer has, whether they say something or not. */
export function envelope(requestId: string, answer: Answer): object {
  return {
    request_id: requestId,
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: null,
    warnings: null,
    auth: null,
    ...answer,
  }
}

/** `90s`, `5m`, `1h`, `90` or a number, in seconds. */
export function seconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const parts = typeof value === 'string' ? /^(\d+)([smh]?)$/.exec(value) : null
  if (parts === null) return undefined
  return Number(parts[1]) * ({ m: 60, h: 3600 }[parts[2]!] ?? 1)
}
