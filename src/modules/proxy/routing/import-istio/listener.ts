import { jwtOf, peerTls } from './authentication.ts'
import { type AccessRule, accessOf } from './authorization-policy.ts'
import type { Section } from './section.ts'

/** Settings of the listener for what comes in, in the notation of the file. */
export type ListenerOptions = Readonly<Record<string, unknown>>

/** Gathers what Istio's security policies are for the listener of a workload. */
export class ListenerImport {
  readonly #rules: AccessRule[] = []
  readonly #issuers: object[] = []
  readonly #from: object[] = []
  #forward = false
  #denies = false
  #asks = false
  #tls: object | undefined

  /** False: the kind is none of those. */
  add(kind: string, name: string, spec: Section): boolean {
    switch (kind) {
      case 'AuthorizationPolicy': {
        const { rules, denies, asks } = accessOf(spec, name)
        this.#rules.push(...rules)
        this.#denies ||= denies
        this.#asks ||= asks
        return true
      }
      case 'RequestAuthentication': {
        const { issuers, from, forward } = jwtOf(spec)
        this.#issuers.push(...issuers)
        this.#from.push(...from)
        this.#forward ||= forward
        return true
      }
      case 'PeerAuthentication': {
        const tls = peerTls(spec)
        if (this.#tls !== undefined && tls !== undefined)
          spec.tell('comes after another PeerAuthentication: the last one counts')
        this.#tls = tls ?? this.#tls
        return true
      }
      default:
        return false
    }
  }

  /** Undefined when no policy was there. */
  options(): ListenerOptions | undefined {
    const access = this.#access()
    if (access === undefined && this.#tls === undefined) return undefined
    return { ...(access && { access }), ...(this.#tls && { tls: this.#tls }) }
  }

  #access(): object | undefined {
    const given = this.#rules.length > 0 || this.#issuers.length > 0 || this.#denies || this.#asks
    if (!given) return undefined
    const jwt = {
      issuers: this.#issuers,
      ...(this.#from.length > 0 && { from: this.#from }),
      ...(this.#forward && { forward: true }),
    }
    return {
      ...(this.#rules.length > 0 && { rules: this.#rules }),
      ...this.#otherwise(),
      ...(this.#issuers.length > 0 && { jwt }),
      ...(this.#asks && { policy: true }),
    }
  }

  /** In Istio only an ALLOW policy makes that what it does not allow is denied; without a word on it, here a deny rule and issuers do too. */
  #otherwise(): { readonly otherwise?: 'allow' | 'deny' } {
    if (this.#denies) return { otherwise: 'deny' }
    const actions = new Set(this.#rules.map(({ action }) => action))
    const denies = actions.has('deny') || this.#issuers.length > 0
    return denies && !actions.has('allow') ? { otherwise: 'allow' } : {}
  }
}
