/** The metadata services of Azure and Google Cloud, and Azure's login, on one port: strict in what they refuse. */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CloudMetadata extends AsyncDisposable {
  readonly url: string
  /** Requests as `METHOD path`. */
  readonly asked: string[]
  /** Of Azure: what its tokens are, and what its login takes. */
  readonly azureToken: string
  /** Verifies identities of Google Cloud. */
  readonly googleKey: KeyObject
  /** The next answer is this status. */
  fail(status: number): void
}

const AZURE_TOKEN = 'azure.access.token'
const INSTANCE = {
  compute: {
    name: 'vm-1',
    resourceGroupName: 'group-1',
    subscriptionId: 'subscription-1',
    vmScaleSetName: '',
  },
}

export async function startCloudMetadata(): Promise<CloudMetadata> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const asked: string[] = []
  let failing: number | undefined
  const answer = (request: IncomingMessage, body: string): [number, string] => {
    const url = new URL(request.url!, 'http://metadata')
    asked.push(`${request.method} ${url.pathname}`)
    if (failing !== undefined) {
      const status = failing
      failing = undefined
      return [status, 'not now']
    }
    if (url.pathname.startsWith('/metadata/')) return azure(request, url)
    if (url.pathname.startsWith('/computeMetadata/')) return google(request, url, privateKey)
    if (url.pathname === '/tenant-1/oauth2/v2.0/token') return azureLogin(request, new URLSearchParams(body))
    return [404, 'not found']
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', more => (body += more))
    request.on('end', () => {
      const [status, text] = answer(request, body)
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    azureToken: AZURE_TOKEN,
    googleKey: publicKey,
    fail: status => {
      failing = status
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function azure(request: IncomingMessage, url: URL): [number, string] {
  const query = url.searchParams
  if (request.headers['metadata'] !== 'true' || request.headers['x-forwarded-for'] !== undefined)
    return [400, '{"error":"Bad request. Required metadata header not specified"}']
  if (!query.has('api-version'))
    return [400, '{"error":"Bad request. api-version is invalid or was not specified"}']
  if (url.pathname === '/metadata/instance') return [200, JSON.stringify(INSTANCE)]
  if (url.pathname !== '/metadata/identity/oauth2/token') return [404, '{"error":"Not found"}']
  if (query.get('resource') !== 'https://vault.test') return [400, '{"error":"invalid_resource"}']
  if (query.has('client_id') && query.get('client_id') !== 'client-1')
    return [400, '{"error":"invalid_request","error_description":"Identity not found"}']
  return [200, JSON.stringify({ access_token: AZURE_TOKEN, expires_in: '3600' })]
}

function azureLogin(request: IncomingMessage, form: URLSearchParams): [number, string] {
  const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded'
  const isKnown =
    form.get('client_secret') === 'a secret' ||
    (form.get('client_assertion') === 'federated' &&
      form.get('client_assertion_type')?.endsWith(':jwt-bearer'))
  if (request.method !== 'POST' || !isForm || form.get('grant_type') !== 'client_credentials')
    return [400, '{"error":"invalid_request"}']
  if (form.get('client_id') !== 'client-1' || !isKnown) return [401, '{"error":"invalid_client"}']
  if (form.get('scope') !== 'https://vault.test/.default') return [400, '{"error":"invalid_scope"}']
  return [200, JSON.stringify({ access_token: AZURE_TOKEN })]
}

function google(request: IncomingMessage, url: URL, key: KeyObject): [number, string] {
  if (request.headers['metadata-flavor'] !== 'Google') return [403, 'Missing Metadata-Flavor:Google header.']
  const audience = url.searchParams.get('audience')
  if (!url.pathname.endsWith('/service-accounts/default/identity') || audience === null)
    return [400, 'non-empty audience parameter required']
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ aud: audience, format: url.searchParams.get('format') })}`
  return [200, `${head}.${createSign('sha256').update(head).sign(key).toString('base64url')}`]
}
