/** The floor of comparison: read a file, parse every line, add a field, stringify it into a bulk body. Prints its CPU seconds. */
import { openSync, readSync } from 'node:fs'

const file = openSync(process.argv[2], 'r')
const chunk = Buffer.allocUnsafe(256 * 1024)
let rest = Buffer.alloc(0)
let lines = 0
let produced = 0
const before = process.cpuUsage()
for (;;) {
  const read = readSync(file, chunk, 0, chunk.length, null)
  if (read === 0) break
  const bytes = rest.length ? Buffer.concat([rest, chunk.subarray(0, read)]) : chunk.subarray(0, read)
  let start = 0
  let body = ''
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    const record = JSON.parse(bytes.toString('utf8', start, end))
    record['@timestamp'] = '2026-01-01T00:00:00.000Z'
    body += `{"create":{}}\n${JSON.stringify(record)}\n`
    lines++
    start = end + 1
  }
  produced += Buffer.from(body).length
  rest = Buffer.from(bytes.subarray(start))
}
const used = process.cpuUsage(before)
process.stdout.write(`${JSON.stringify({ lines, produced, cpuSeconds: (used.user + used.system) / 1e6 })}\n`)
