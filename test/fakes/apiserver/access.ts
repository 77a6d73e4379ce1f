import { Failure } from './failure.ts'
import { findKind } from './kinds.ts'
import type { Store } from './store.ts'
import type { Tree } from './tree.ts'

export interface User {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
}

/** What a request wants, as RBAC sees it. */
export type Wish =
  | {
      readonly verb: string
      readonly group: string
      readonly resource: string
      readonly subresource: string
      readonly namespace: string
      readonly name: string
    }
  | { readonly verb: string; readonly path: string }

const RBAC = 'rbac.authorization.k8s.io'
/** May do anything, as in every cluster. */
const MASTERS = 'system:masters'
/** What every authenticated user may do in a new cluster. */
const OPEN_PATHS = [/^\/(api|apis|openapi)(\/.*)?$/, /^\/version\/?$/, /^\/(healthz|livez|readyz)(\/.*)?$/]

/** A service account's user, by its token's claims. */
export function serviceAccount(namespace: string, name: string): User {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  }
}

/** Whether the stored roles and bindings grant it. */
export function allows(store: Store, user: User, wish: Wish): boolean {
  if (user.groups.includes(MASTERS)) return true
  if ('path' in wish && wish.verb === 'get' && OPEN_PATHS.some(path => path.test(wish.path))) return true
  return rulesOf(store, user, 'path' in wish ? '' : wish.namespace).some(rule => grants(rule, wish))
}

export function forbidden(user: User, wish: Wish): Failure {
  if ('path' in wish)
    return new Failure(
      403,
      'Forbidden',
      `forbidden: User "${user.username}" cannot ${wish.verb} path "${wish.path}"`,
    )
  const resource = `${wish.resource}${wish.subresource && `/${wish.subresource}`}`
  const qualified = wish.group === '' ? wish.resource : `${wish.resource}.${wish.group}`
  const where = wish.namespace === '' ? 'at the cluster scope' : `in the namespace "${wish.namespace}"`
  return new Failure(
    403,
    'Forbidden',
    `${qualified}${wish.name && ` "${wish.name}"`} is forbidden: User "${user.username}" cannot ${wish.verb} resource "${resource}" in API group "${wish.group}" ${where}`,
    { name: wish.name, group: wish.group, kind: wish.resource },
  )
}

function rulesOf(store: Store, user: User, namespace: string): Tree[] {
  const kind = (resource: string) => findKind(RBAC, 'v1', resource)!
  const cluster = store.list(kind('clusterrolebindings'), '')
  const local = namespace === '' ? [] : store.list(kind('rolebindings'), namespace)
  return [...cluster, ...local].flatMap(({ subjects = [], roleRef, metadata }) => {
    if (!subjects.some((subject: Tree) => isSubject(subject, user, metadata.namespace))) return []
    const role =
      roleRef.kind === 'ClusterRole'
        ? store.find(kind('clusterroles'), '', roleRef.name)
        : store.find(kind('roles'), metadata.namespace, roleRef.name)
    return role?.['rules'] ?? []
  })
}

function isSubject({ kind, name, namespace }: Tree, user: User, bindingNamespace: string): boolean {
  if (kind === 'User') return user.username === name
  if (kind === 'Group') return user.groups.includes(name)
  return user.username === `system:serviceaccount:${namespace ?? bindingNamespace}:${name}`
}

function grants(rule: Tree, wish: Wish): boolean {
  const has = (list: readonly string[] | undefined, value: string) =>
    list !== undefined && (list.includes('*') || list.includes(value))
  if (!has(rule['verbs'], wish.verb)) return false
  if ('path' in wish)
    return (rule['nonResourceURLs'] ?? []).some((url: string) =>
      url.endsWith('*') ? wish.path.startsWith(url.slice(0, -1)) : url === wish.path,
    )
  const resource = wish.subresource === '' ? wish.resource : `${wish.resource}/${wish.subresource}`
  const anyOfSubresource = wish.subresource !== '' && rule['resources']?.includes(`*/${wish.subresource}`)
  if (!has(rule['apiGroups'], wish.group) || !(has(rule['resources'], resource) || anyOfSubresource))
    return false
  const names: readonly string[] = rule['resourceNames'] ?? []
  return names.length === 0 || names.includes(wish.name)
}
