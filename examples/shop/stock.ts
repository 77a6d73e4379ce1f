// The stock service: says how many pieces of an item there are. Three of these run; none knows of the others or of a sidecar.
// SIGUSR2 gives it a bad day: it answers many requests late and with 503.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const FAILS = 0.4
const LATE_MS = 15

let requests = 0
let badDay = false

const server = createServer((request, response) => {
  const [, place, item] = (request.url ?? '/').split('/')
  if (place === 'stats') return answer(200, { requests })
  requests++
  if (badDay && Math.random() < FAILS)
    return void setTimeout(() => answer(503, { message: 'no connection to the warehouse' }), LATE_MS)
  const number = Number(item)
  if (place !== 'items' || !(number >= 0)) return answer(404, { message: 'no such item' })
  answer(200, { item: number, pieces: (number * 7) % 23 })

  function answer(status: number, body: object): void {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.env['PORT'] ?? 8181), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})
process.on('SIGUSR2', () => {
  badDay = true
})
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    server.close()
    server.closeIdleConnections()
  })
