import type { Token } from './tokens.ts'

export type Capability = 'create' | 'read' | 'update' | 'delete' | 'list'

/** What paths with a `+` for one part or a `*` at the end may be used for. */
export type Policy = Readonly<Record<string, readonly Capability[]>>

/** What every token may do, whatever else it may. */
const DEFAULT: Policy = {
  'auth/token/lookup-self': ['read'],
  'auth/token/renew-self': ['update'],
  'auth/token/revoke-self': ['update'],
  'sys/leases/renew': ['update'],
  'sys/leases/lookup': ['update'],
  'sys/wrapping/wrap': ['update'],
}

export class Policies {
  readonly #all = new Map<string, Policy>([['default', DEFAULT]])

  set(name: string, policy: Policy): void {
    this.#all.set(name, policy)
  }

  allows(token: Token, path: string, capability: Capability): boolean {
    if (token.policies.includes('root')) return true
    return token.policies.some(name =>
      Object.entries(this.#all.get(name) ?? {}).some(
        ([pattern, capabilities]) => matches(pattern, path) && capabilities.includes(capability),
      ),
    )
  }

  /** Whether anything at or below the path is allowed, which is what shows a mount. */
  shows(token: Token, mount: string): boolean {
    if (token.policies.includes('root')) return true
    return token.policies.some(name =>
      Object.keys(this.#all.get(name) ?? {}).some(pattern => pattern.startsWith(mount)),
    )
  }
}

function matches(pattern: string, path: string): boolean {
  const [wanted, parts] = [pattern.split('/'), path.split('/')]
  const isOpen = pattern.endsWith('*')
  if (isOpen ? parts.length < wanted.length : parts.length !== wanted.length) return false
  return wanted.every((part, index) => {
    if (part === '+') return true
    if (isOpen && index === wanted.length - 1) return parts[index]!.startsWith(part.slice(0, -1))
    return part === parts[index]
  })
}
