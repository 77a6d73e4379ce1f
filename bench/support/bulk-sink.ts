/**
 * A receiver for `_bulk` that costs little and still answers like Elasticsearch: it counts documents and
 * sends one item for each. Started as a process; prints its port, then a line per 50 ms with the count so far.
 * With the argument `ledger` it also tells how many different numbers it has seen, which stand in documents as `@@7@@`.
 */
import { createServer } from 'node:http'

let documents = 0
let bytes = 0
let distinct = 0
const keepsLedger = process.argv[2] === 'ledger'
let seen = new Uint8Array(1 << 20)

function note(text: string): void {
  for (const [, digits] of text.matchAll(/@@(\d+)@@/g)) {
    const n = Number(digits)
    while (n >= seen.length) {
      const larger = new Uint8Array(seen.length * 2)
      larger.set(seen)
      seen = larger
    }
    if (seen[n] === 0) distinct++
    seen[n] = 1
  }
}

const item =
  '{"create":{"_index":"bench","_id":"0123456789abcdefghij","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'

const server = createServer((request, response) => {
  let lines = 0
  let body = 0
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => {
    body += chunk.length
    if (keepsLedger) chunks.push(chunk)
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  })
  request.on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.setHeader('x-elastic-product', 'Elasticsearch')
    if (request.method !== 'POST') {
      response.end(
        '{"name":"bench","cluster_name":"bench","version":{"number":"8.15.0","build_flavor":"default"},"tagline":"You Know, for Search"}',
      )
      return
    }
    const count = lines >> 1
    documents += count
    if (keepsLedger) note(Buffer.concat(chunks).toString('latin1'))
    bytes += body
    const few = request.url?.includes('filter_path') ? '{"create":{"status":201}}' : item
    response.end(`{"took":1,"errors":false,"items":[${Array(count).fill(few).join(',')}]}`)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port })}\n`)
})
setInterval(() => process.stdout.write(`${JSON.stringify({ documents, bytes, distinct })}\n`), 50)
