import { allows, type User } from './access.ts'
import { invalid } from './failure.ts'
import type { Kind } from './kinds.ts'
import type { Store } from './store.ts'
import type { Tree } from './tree.ts'

/** A token that somebody may show. */
export interface Token {
  readonly user: User
  readonly audiences: readonly string[]
}

/** The audience of the API server itself, and of tokens that ask for none. */
export const OWN_AUDIENCE = 'https://kubernetes.default.svc'

/** What reviews go by. */
export interface Known {
  readonly store: Store
  readonly knowsAudiences: boolean
  whoseToken(token: string): Token | undefined
}

/** Answers what is asked and never stored. */
export function reviewed(kind: Kind, review: Tree, user: User, known: Known): Tree {
  const { spec = {} } = review
  if (kind.kind === 'TokenReview') {
    if (!spec.token)
      throw invalid(kind.kind, kind.group, '', [{ field: 'spec.token', message: 'Required value' }])
    return { ...review, metadata: {}, status: tokenStatus(spec, known) }
  }
  const asked: User =
    kind.kind === 'SelfSubjectAccessReview' ? user : { username: spec.user ?? '', groups: spec.groups ?? [] }
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  if ((resource === undefined) === (path === undefined))
    throw invalid(kind.kind, kind.group, '', [
      {
        field: 'spec.resourceAttributes',
        message:
          'Invalid value: exactly one of nonResourceAttributes or resourceAttributes must be specified',
      },
    ])
  const wish = resource
    ? { verb: '', group: '', resource: '', subresource: '', namespace: '', name: '', ...resource }
    : { verb: path.verb, path: path.path }
  return { ...review, metadata: {}, status: { allowed: allows(known.store, asked, wish) } }
}

function tokenStatus({ token, audiences = [OWN_AUDIENCE] }: Tree, known: Known): Tree {
  const { knowsAudiences } = known
  const found = known.whoseToken(token)
  const shared = found?.audiences.filter(one => audiences.includes(one)) ?? []
  if (found === undefined || (knowsAudiences && shared.length === 0))
    return { user: {}, error: '[invalid bearer token, token lookup failed]' }
  const user = { uid: 'fake', ...found.user }
  return { authenticated: true, user, ...(knowsAudiences && { audiences: shared }) }
}
