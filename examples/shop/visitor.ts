// Visits the shop at URL with RATE requests a second until it is told to stop.
import { Agent, get } from 'node:http'

const shop = process.env['URL'] ?? 'http://127.0.0.1:8080'
const rate = Number(process.env['RATE'] ?? 500)
const TICK_MS = 20

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const started = performance.now()
let sent = 0
let answered = 0
let failed = 0

const ticking = setInterval(() => {
  const due = ((performance.now() - started) / 1000) * rate
  // A shop that is slow is not stormed: what is due waits for what is under way.
  while (sent < due && sent - answered - failed < 200) visit()
}, TICK_MS)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)

function visit(): void {
  const n = sent++
  get(`${shop}${page(n)}`, { agent, headers: { 'user-agent': `visitor/${n % 7}.0` } }, response => {
    response.resume().once('end', () => answered++)
  }).once('error', () => failed++)
}

function page(n: number): string {
  if (n % 10 === 0) return '/checkout'
  return n % 3 === 0 ? '/' : `/products/${Math.floor(Math.random() * 5000)}`
}

async function stop(): Promise<void> {
  clearInterval(ticking)
  while (answered + failed < sent) await new Promise(resolve => setTimeout(resolve, TICK_MS))
  agent.destroy()
  console.log(JSON.stringify({ requests: answered, failed }))
}
