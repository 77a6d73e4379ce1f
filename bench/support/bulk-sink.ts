/**
 * A receiver for `_bulk` that costs little and still answers like Elasticsearch: it counts documents and
 * sends one item for each. Started as a process; prints its port, then a line per 100 ms with the count so far.
 */
import { createServer } from 'node:http'

let documents = 0
let bytes = 0
const item =
  '{"create":{"_index":"bench","_id":"0123456789abcdefghij","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"_seq_no":1,"_primary_term":1,"status":201}}'

const server = createServer((request, response) => {
  let lines = 0
  let body = 0
  request.on('data', (chunk: Buffer) => {
    body += chunk.length
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
    bytes += body
    const few = request.url?.includes('filter_path') ? '{"create":{"status":201}}' : item
    response.end(`{"took":1,"errors":false,"items":[${Array(count).fill(few).join(',')}]}`)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port })}\n`)
})
setInterval(() => process.stdout.write(`${JSON.stringify({ documents, bytes })}\n`), 50)
