// A small web shop. It knows nothing of a sidecar: it writes a JSON line for each request to the file LOG_PATH,
// and renames that file when it has grown to ROTATE_BYTES, as logrotate would.
import { createWriteStream, renameSync, rmSync, type WriteStream } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const logPath = process.env['LOG_PATH'] ?? 'access.log'
const rotateBytes = Number(process.env['ROTATE_BYTES'] ?? 4 * 1024 * 1024)
const KEPT_FILES = 5

let log = openLog()
let logBytes = 0
let requests = 0
let lines = 0
let rotations = 0

const server = createServer((request, response) => {
  const started = performance.now()
  const { method = '', url = '/' } = request
  if (url === '/stats') return answer(response, 200, { requests, lines, rotations })
  requests++
  const { status, message } = shop(method, url)
  const bytes = answer(response, status, { message })
  writeLine({
    time: new Date().toISOString(),
    sequence: lines,
    level: status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info',
    method,
    path: url,
    status,
    bytes,
    duration_ms: Number((performance.now() - started).toFixed(3)),
    user_agent: request.headers['user-agent'],
    message,
  })
})

server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }))
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)

function shop(method: string, url: string): { status: number; message: string } {
  const [, place, item] = url.split('/')
  if (place === 'checkout' && Math.random() < 0.1) return { status: 503, message: 'payment provider timeout' }
  if (place === 'checkout') return { status: 201, message: 'order placed' }
  if (place === 'orders' && Number(item) % 50 === 0)
    return { status: 404, message: `order ${item} not found` }
  if (place === 'orders') return { status: 200, message: `order ${item} shown` }
  if (place === '') return { status: 200, message: 'front page shown' }
  return { status: 404, message: `nothing to ${method} here` }
}

function answer(response: ServerResponse, status: number, body: object): number {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
  return text.length
}

function writeLine(entry: object): void {
  const line = `${JSON.stringify(entry)}\n`
  if (logBytes + line.length > rotateBytes) rotate()
  log.write(line)
  logBytes += line.length
  lines++
}

function rotate(): void {
  log.end()
  rmSync(`${logPath}.${KEPT_FILES}`, { force: true })
  for (let n = KEPT_FILES - 1; n >= 1; n--) rename(`${logPath}.${n}`, `${logPath}.${n + 1}`)
  rename(logPath, `${logPath}.1`)
  log = openLog()
  logBytes = 0
  rotations++
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function openLog(): WriteStream {
  return createWriteStream(logPath, { flags: 'a' })
}

function stop(): void {
  server.close(() => log.end(() => console.log(JSON.stringify({ lines, rotations }))))
  server.closeIdleConnections()
}
