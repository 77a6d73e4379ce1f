// A small web shop. It knows nothing of a sidecar: it asks the stock service at STOCK_URL what is there, places orders at
// ORDERS_URL with the user and password of the file ORDERS_ACCESS, writes a JSON line for each request to the file LOG_PATH,
// and renames that file when it has grown to ROTATE_BYTES, as logrotate would.
import { createWriteStream, readFileSync, renameSync, rmSync, type WriteStream } from 'node:fs'
import { Agent, request as ask, createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const stockUrl = process.env['STOCK_URL'] ?? 'http://127.0.0.1:8180'
const ordersUrl = process.env['ORDERS_URL'] ?? 'http://127.0.0.1:8190'
const ordersAccess = process.env['ORDERS_ACCESS'] ?? 'orders.json'
const logPath = process.env['LOG_PATH'] ?? 'access.log'
const rotateBytes = Number(process.env['ROTATE_BYTES'] ?? 4 * 1024 * 1024)
const KEPT_FILES = 5
const STOCK_TIMEOUT_MS = 2000

interface Answer {
  readonly status: number
  readonly message: string
}

const stock = new Agent({ keepAlive: true, maxSockets: 64 })

let log = openLog()
let logBytes = 0
let requests = 0
let lines = 0
let rotations = 0
let stockCalls = 0
let stockFailures = 0
let orders = 0
let orderFailures = 0

const server = createServer(async (request, response) => {
  const started = performance.now()
  const { method = '', url = '/' } = request
  if (url === '/stats')
    return answer(response, 200, {
      requests,
      lines,
      rotations,
      stockCalls,
      stockFailures,
      orders,
      orderFailures,
    })
  requests++
  const { status, message } = await shop(method, url)
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

async function shop(method: string, url: string): Promise<Answer> {
  const [, place, item = ''] = url.split('/')
  if (place === 'checkout' && Math.random() < 0.1) return { status: 503, message: 'payment provider timeout' }
  if (place === 'checkout') return order()
  if (place === 'products' && Number(item) % 50 === 0)
    return { status: 404, message: `product ${item} not found` }
  if (place === 'products') return product(item)
  if (place === '') return { status: 200, message: 'front page shown' }
  return { status: 404, message: `nothing to ${method} here` }
}

async function product(item: string): Promise<Answer> {
  stockCalls++
  const status = await askStock(`/items/${item}`)
  if (status === 200) return { status, message: `product ${item} shown with its stock` }
  stockFailures++
  return { status: 502, message: `the stock of product ${item} is not known: ${status ?? 'no answer'}` }
}

async function order(): Promise<Answer> {
  const status = await placeOrder()
  if (status === 201) {
    orders++
    return { status, message: 'order placed' }
  }
  orderFailures++
  return { status: 502, message: `the order was not taken: ${status ?? 'no answer'}` }
}

/** With the password that the file holds now, as with any file of settings. */
function placeOrder(): Promise<number | undefined> {
  return new Promise(resolve => {
    const { user, password } = JSON.parse(readFileSync(ordersAccess, 'utf8'))
    const asked = ask(
      `${ordersUrl}/orders`,
      { method: 'POST', agent: stock, timeout: STOCK_TIMEOUT_MS, auth: `${user}:${password}` },
      response => {
        response.resume().once('end', () => resolve(response.statusCode))
        response.once('error', () => resolve(undefined))
      },
    )
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(undefined))
    asked.end()
  })
}

/** The status of the answer; undefined when there was none. */
function askStock(path: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const asked = get(`${stockUrl}${path}`, { agent: stock, timeout: STOCK_TIMEOUT_MS }, response => {
      response.resume().once('end', () => resolve(response.statusCode))
      response.once('error', () => resolve(undefined))
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(undefined))
  })
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
  server.close(() => {
    stock.destroy()
    log.end(() =>
      console.log(JSON.stringify({ lines, rotations, stockCalls, stockFailures, orders, orderFailures })),
    )
  })
  server.closeIdleConnections()
}
