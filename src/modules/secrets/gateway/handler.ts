import type { Handler } from '../../../http/server/server.ts'
import { isCrossOrigin, isOurName } from '../../../kernel/admin/guard.ts'
import type { Address } from '../../../kernel/module.ts'
import type { ClearWish, Gateway } from './offer.ts'

export interface GatewayListener {
  readonly listen: Address
  /** Refuse requests without `X-Vault-Request: true`. */
  readonly requireHeader: boolean
  /** Names that it answers to besides those of loopback. */
  readonly hosts: readonly string[]
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const MAX_WISH_BYTES = 64 * 1024

/** Further paths that a listener answers itself. */
export type OwnPaths = Readonly<Record<string, (...given: Parameters<Handler>) => void>>

/**
 * A listener of a gateway: who may ask, what it answers itself (`/agent/v1/cache-clear`, and its own paths), and what it
 * sends on to Vault. Without a gateway there are its own paths only.
 */
export function gatewayHandler(
  listener: GatewayListener,
  gateway: Gateway | undefined,
  own: OwnPaths = {},
): Handler {
  return async (request, response) => {
    const { listen, requireHeader, hosts } = listener
    if (requireHeader && request.headers.get('x-vault-request') !== 'true')
      return response.send(412, JSON_TYPE, '{"errors":["missing \\"X-Vault-Request\\" header"]}\n')
    // A page of another site would have our token for its requests.
    if (isLoopback(listen) && !isOurName(request.authority, listen, hosts))
      return response.send(421, JSON_TYPE, '{"errors":["not a name of this listener"]}\n')
    const asked = { authority: request.authority, header: (name: string) => request.headers.get(name) }
    if (isCrossOrigin(asked)) return response.send(403, JSON_TYPE, '{"errors":["permission denied"]}\n')
    if (Object.hasOwn(own, request.path)) return own[request.path]!(request, response)
    if (gateway === undefined) return response.send(404, JSON_TYPE, '{"errors":[]}\n')
    if (request.path === '/agent/v1/cache-clear') {
      if (request.method !== 'POST' && request.method !== 'PUT') return response.send(405, {}, '')
      const wish = wishOf((await request.body.bytes(MAX_WISH_BYTES)).toString())
      if (wish !== undefined && gateway.clear(wish)) return response.send(200, {}, '')
      return response.send(
        400,
        JSON_TYPE,
        '{"errors":["expected a type of request_path, lease, token, token_accessor or all, and a value"]}\n',
      )
    }
    if (!request.path.startsWith('/v1/')) return response.send(404, JSON_TYPE, '{"errors":[]}\n')
    await gateway.handle(request, response)
  }
}

function isLoopback(address: Address): boolean {
  return 'host' in address && /^(localhost|127\.[\d.]+|::1)$/.test(address.host)
}

function wishOf(text: string): ClearWish | undefined {
  try {
    const { type, value = '', namespace = '' } = JSON.parse(text) as Record<string, unknown>
    return typeof type === 'string' ? { type, value: String(value), namespace: String(namespace) } : undefined
  } catch {
    return undefined
  }
}
