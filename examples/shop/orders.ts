// The database of orders: it takes an order from who knows the password of today. The password can be changed at any
// time by its owner (PUT /password with ADMIN_TOKEN); the one before is good for OVERLAP_MS more, as with databases that
// keep two passwords while they rotate. It knows nothing of a sidecar.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const adminToken = process.env['ADMIN_TOKEN'] ?? ''
const OVERLAP_MS = Number(process.env['OVERLAP_MS'] ?? 1500)

let orders = 0
let refused = 0
let passwords: readonly { readonly text: string; readonly untilMs: number }[] = []

const server = createServer(async (request, response) => {
  const { method, url, headers } = request
  const answer = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (url === '/stats') return answer(200, { orders, refused })
  if (method === 'PUT' && url === '/password') {
    if (headers.authorization !== `Bearer ${adminToken}`)
      return answer(403, { message: 'only its owner may' })
    let text = ''
    for await (const chunk of request) text += chunk
    const now = performance.now()
    const still = passwords
      .filter(({ untilMs }) => untilMs > now)
      .map(each => ({ ...each, untilMs: now + OVERLAP_MS }))
    passwords = [...still.slice(-1), { text, untilMs: Number.POSITIVE_INFINITY }]
    return answer(200, {})
  }
  request.resume()
  const [user, password] = Buffer.from(headers.authorization?.replace('Basic ', '') ?? '', 'base64')
    .toString()
    .split(':')
  const isKnown = passwords.some(({ text, untilMs }) => text === password && untilMs > performance.now())
  if (user !== 'shop' || !isKnown) {
    refused++
    return answer(401, { message: 'password authentication failed for user "shop"' })
  }
  orders++
  answer(201, { order: orders })
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.env['PORT'] ?? 8190), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    server.close()
    server.closeIdleConnections()
  })
