import { request } from 'node:https'
import type { Tree } from '../tree.ts'

/** `name.namespace.svc:port` → where it is in the test. */
export type ServiceMapping = (
  host: string,
  port: number,
) => { readonly host: string; readonly port: number } | undefined

const MAX_ANSWER_BYTES = 8 * 1024 * 1024

/**
 * POSTs a review over HTTPS. The server is checked against the caBundle, and its certificate must be for
 * `name.namespace.svc`: the connection alone goes where the mapping says.
 */
export async function callWebhook(
  { url, service, caBundle }: Tree,
  review: Tree,
  timeoutSeconds: number,
  mapping: ServiceMapping,
): Promise<string> {
  const target = service
    ? new URL(`https://${service.name}.${service.namespace}.svc:${service.port}${service.path ?? '/'}`)
    : new URL(url)
  const port = Number(target.port || 443)
  const place = service ? mapping(target.hostname, port) : { host: target.hostname, port }
  if (place === undefined) throw new Error(`dial tcp: no endpoints available for service "${service.name}"`)
  const body = JSON.stringify(review)
  target.searchParams.set('timeout', `${timeoutSeconds}s`)
  return new Promise((resolve, reject) => {
    const sent = request({
      host: place.host,
      port: place.port,
      path: `${target.pathname}${target.search}`,
      method: 'POST',
      servername: target.hostname,
      agent: false,
      ...(caBundle && { ca: Buffer.from(caBundle, 'base64') }),
      headers: {
        Host: target.host,
        'Content-Type': 'application/json',
        Accept: 'application/json, */*',
        'User-Agent': 'kube-apiserver-admission',
        'Content-Length': Buffer.byteLength(body),
      },
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    })
    sent.on('error', error =>
      reject(
        error.name === 'AbortError' || error.name === 'TimeoutError'
          ? new Error('context deadline exceeded')
          : error,
      ),
    )
    sent.on('response', response => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) response.destroy(new Error('the answer of the webhook is too large'))
        chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        if (response.statusCode === 200) resolve(text)
        else
          reject(
            new Error(
              `the server responded with the status code ${response.statusCode} but did not return more information`,
            ),
          )
      })
    })
    sent.end(body)
  })
}
