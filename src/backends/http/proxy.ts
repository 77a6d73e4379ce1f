import type { ForwardProxy } from '../../http/client/tunnel.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { s } from '../../kernel/config/schema.ts'
import type { Secret } from '../../kernel/config/secret.ts'

/** An HTTP proxy on the way to a peer. */
export const proxyConfig = s.secret({
  about:
    'An HTTP proxy on the way there, with user name and password where it asks for them: `http://user:password@proxy:3128`.',
  optional: true,
  example: `\${HTTPS_PROXY}`,
})

const DEFAULT_PORT = 80

/** Undefined when the text is no address of an HTTP proxy. */
export function forwardProxy(text: string): ForwardProxy | undefined {
  const full = text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(full)) return undefined
  const { protocol, hostname, port, username, password } = new URL(full)
  if (protocol !== 'http:' || hostname === '') return undefined
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? DEFAULT_PORT : Number(port),
    ...(username !== '' && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  }
}

/** The text itself is not shown: it may hold a password. */
export function checkProxy(proxy: Secret | undefined): Problem[] {
  if (proxy === undefined || forwardProxy(proxy.reveal()) !== undefined) return []
  return [
    {
      path: ['proxy'],
      message: 'expected the address of an HTTP proxy, such as http://proxy:3128',
      hint: 'proxies that speak TLS or SOCKS themselves are not supported',
    },
  ]
}
