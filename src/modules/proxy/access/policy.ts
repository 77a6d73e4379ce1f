import type { Host } from '../../../kernel/module.ts'
import type { RequestView } from '../request.ts'
import type { Decide } from './access.ts'

/** What the proxy asks of the module `policy`. */
export interface PolicyOffer {
  /** Whether the request may pass. A promise where the decision takes longer; what rejects or throws denies. */
  allows(request: PolicyInput): boolean | Promise<boolean>
}

/** A request as policies see it: the input document. */
export interface PolicyInput {
  readonly method: string
  readonly host: string
  readonly port: number
  /** Decoded and normalised, in its segments: `/a/b` is `["a", "b"]`. */
  readonly path: readonly string[]
  readonly query: string
  /** By lower-case name; several lines of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly source: { readonly address: string; readonly identity?: string }
}

/** Asks the policy module; throws when it does not run. */
export function policyOf(host: Pick<Host, 'use'>): Decide {
  const policy = host.use<PolicyOffer>('policy')
  return view => policy.allows(policyInput(view))
}

export function policyInput({ method, host, port, path, search, headers, peer }: RequestView): PolicyInput {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    fields[lower] = fields[lower] === undefined ? value : `${fields[lower]}, ${value}`
  }
  const segments = path.split('/').slice(1)
  return { method, host, port, path: segments, query: search, headers: fields, source: peer }
}
