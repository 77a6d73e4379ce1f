import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeEndpoint {
  readonly url: string
  readonly paths: readonly string[]
  close(): Promise<void>
}

const keys = {
  Code: 'Success',
  AccessKeyId: 'AKIDENDPOINT',
  SecretAccessKey: 'endpoint-secret',
  Token: 'endpoint-token',
}

/**
 * The instance's metadata service: version 2 only, and never through a proxy. `answers: false` drops token requests, as
 * beyond the hop limit. `facts`: what there is by paths below `/latest/`.
 */
export function startFakeMetadata({
  role = 'logs',
  answers = true,
  broken = 0,
  facts = {} as Readonly<Record<string, string>>,
} = {}): Promise<FakeEndpoint> {
  const token = randomBytes(12).toString('hex')
  let left = broken
  return start((request, response) => {
    const { method, url, headers } = request
    if (headers['x-forwarded-for'] !== undefined) return void response.writeHead(403).end()
    if (left-- > 0) return void response.writeHead(500).end()
    if (url === '/latest/api/token') {
      if (!answers) return
      const ttl = Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])
      if (method !== 'PUT') return void response.writeHead(405).end()
      if (!(ttl >= 1 && ttl <= 21_600)) return void response.writeHead(400).end()
      return void response.end(token)
    }
    if (headers['x-aws-ec2-metadata-token'] !== token) return void response.writeHead(401).end()
    const fact = facts[url?.replace('/latest/', '') ?? '']
    if (fact !== undefined) return void response.end(fact)
    const path = '/latest/meta-data/iam/security-credentials/'
    if (role === '' || !url?.startsWith(path)) return void response.writeHead(404).end()
    if (url === path) return void response.end(role)
    if (url !== `${path}${role}`) return void response.writeHead(404).end()
    response.end(JSON.stringify({ ...keys, Type: 'AWS-HMAC', Expiration: inAnHour() }))
  })
}

/** The credentials endpoint of a container, which wants its token as it is. */
export function startFakeContainerEndpoint(
  authorization: string | undefined,
  status = 200,
): Promise<FakeEndpoint> {
  return start((request, response) => {
    if (request.headers.authorization !== authorization)
      return void response.writeHead(401).end('{"message":"token"}')
    if (status !== 200) return void response.writeHead(status).end('{"message":"no role"}')
    response.end(JSON.stringify({ ...keys, RoleArn: 'arn', Expiration: inAnHour() }))
  })
}

/** An agent of ECS: JSON by paths, which a test may change. */
export function startFakeEcsAgent(documents: Readonly<Record<string, unknown>>): Promise<FakeEndpoint> {
  return start(({ method, url = '' }, response) => {
    if (method !== 'GET') return void response.writeHead(405).end()
    if (!Object.hasOwn(documents, url)) return void response.writeHead(404).end()
    response.end(JSON.stringify(documents[url]))
  })
}

function inAnHour(): string {
  return `${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)}Z`
}

async function start(listener: RequestListener): Promise<FakeEndpoint> {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
