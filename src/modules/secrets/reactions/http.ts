import { HttpPeer } from '../../../backends/http/peer.ts'
import type { Secret } from '../../../kernel/config/secret.ts'
import type { React, ReactionHost } from './reaction.ts'

const MAX_ANSWER_BYTES = 64 * 1024

/** Makes a request that names what has changed: `{"deliveries": ["db.conf"]}`. Any answer from 200 to 299 is success. */
export function httpReaction(
  config: {
    readonly url: string
    readonly method: string
    readonly headers: Readonly<Record<string, Secret>>
    readonly timeoutMs: number
  },
  host: ReactionHost,
): React {
  const url = new URL(config.url)
  const peer = new HttpPeer(host, {
    url: config.url,
    urlKey: 'onChange.http.url',
    tlsKey: 'onChange.http.tls',
    maxConnections: 1,
    idleTimeoutMs: 1000,
    timeoutMs: config.timeoutMs,
  })
  const given = Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()])
  return async (change, signal) => {
    const answer = await peer.request(
      {
        method: config.method,
        path: `${url.pathname}${url.search}`,
        headers: { 'content-type': 'application/json', ...Object.fromEntries(given) },
        body:
          config.method === 'GET'
            ? Buffer.alloc(0)
            : Buffer.from(JSON.stringify({ deliveries: change.deliveries })),
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      signal,
    )
    if ('failure' in answer) throw new Error(`${url.origin}: ${answer.failure.reason}`)
    if (answer.status < 200 || answer.status > 299) throw new Error(`${url.origin} answered ${answer.status}`)
  }
}
