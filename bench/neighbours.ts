/**
 * bench/neighbours: what the proxy's requests feel while the log module of the same process runs flat out.
 * 1,000 requests a second over 16 connections; of each figure the best round counts, all rows take turns.
 *   node bench/neighbours.ts [seconds a round, default 4] [rounds, default 3]
 * The load generator, the backend and the receiver of the records share the machine's cores with the sidecar, so a
 * request waits for a core too. Two rows tell that wait from what the log module does to its neighbour: the proxy while
 * another process ships the same lines, and the backend asked directly meanwhile.
 * Needs the programs h2load, nginx and openssl.
 */
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { certificateFiles } from './support/hop.ts'
import { h2load, type Served } from './support/load.ts'
import { LogFlood } from './support/log-flood.ts'
import { cpuSeconds } from './support/proc.ts'
import { startBackend } from './support/proxies.ts'
import { freePort, type Started, startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const [seconds = 4, rounds = 3] = process.argv.slice(2).map(Number)
const load = { path: '/small', connections: 16, streams: 1, seconds, requestsPerSecond: 1000 }

interface Round extends Served {
  /** Of the sidecar with the proxy. */
  readonly cpuPercent: number
  readonly linesPerSecond: number
  /** Time that its log module held the loop, of each second. */
  readonly heldMs: number
  /** Times a second that it held it for more than 2 ms in one go. */
  readonly holds: number
}

interface Row {
  readonly name: string
  readonly port: number
  /** Runs meanwhile. */
  readonly flood?: LogFlood
}

const certificates = certificateFiles()
const backendPort = await freePort()
const backend = await startBackend(backendPort, 'http1', certificates)
rmSync(certificates.folder, { recursive: true, force: true })
const [inside, outside] = [new LogFlood(), new LogFlood()]
const port = await freePort()
const sidecar = await startSidecar(`${await shipping(inside)}
proxy:
  listeners: [{ name: bench, listen: "127.0.0.1:${port}", upstream: back }]
  upstreams: { back: { endpoints: [{ address: "127.0.0.1:${backendPort}" }] } }
`)
const other: Started = await startSidecar(await shipping(outside))
const rows: readonly Row[] = [
  { name: 'backend', port: backendPort },
  { name: 'backend, a process ships logs', port: backendPort, flood: outside },
  { name: 'proxy', port },
  { name: 'proxy, another process ships logs', port, flood: outside },
  { name: 'proxy, its own process ships logs', port, flood: inside },
]
try {
  for (const { flood } of rows.slice(-2)) await round({ name: 'warm-up', port, ...(flood && { flood }) })
  const all = new Map(rows.map(row => [row, [] as Round[]]))
  for (let n = 0; n < rounds; n++) for (const row of rows) all.get(row)!.push(await round(row))
  const best = rows.map(row => least(all.get(row)!))
  console.log(
    table(
      ['1,000 requests/s to', 'p50 ms', 'p99 ms', 'sidecar CPU %', 'lines/s', 'held ms/s', 'holds > 2 ms/s'],
      best.map((figures, n) => cells(rows[n]!.name, figures)),
    ),
  )
  const [, , alone, apart, beside] = best.map(({ p99Ms }) => p99Ms) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const times = (of: number) => `${(beside / of).toFixed(1)} ×`
  console.log(
    `\nOn ${availableParallelism()} cores, p99 beside logs is ${times(alone)} p99 alone, and ${times(apart)} p99 while another process ships them.`,
  )
} finally {
  await sidecar.stop()
  await other.stop()
  await backend.stop()
}
process.exit()

async function shipping(flood: LogFlood): Promise<string> {
  return `logs:
  inputs: [{ tail: { paths: ["${flood.folder}/*.log"], format: json } }]
  outputs: [{ elasticsearch: { url: "${await flood.url()}" } }]`
}

function cells(name: string, { p50Ms, p99Ms, cpuPercent, linesPerSecond, heldMs, holds }: Round): string[] {
  const whole = [cpuPercent, linesPerSecond, heldMs].map(figure => figure.toFixed(0))
  return [name, p50Ms.toFixed(2), p99Ms.toFixed(2), ...whole, holds.toFixed(1)]
}

async function round({ port, flood }: Row): Promise<Round> {
  await flood?.begin()
  const before = { cpu: cpuSeconds(sidecar.pid), lines: flood?.delivered ?? 0, ...(await held()) }
  const began = performance.now()
  const served = await h2load({ ...load, port })
  const passed = (performance.now() - began) / 1000
  const cpu = cpuSeconds(sidecar.pid)
  const lines = flood?.delivered ?? 0
  const after = await held()
  await flood?.end()
  return {
    ...served,
    cpuPercent: ((cpu - before.cpu) / passed) * 100,
    linesPerSecond: (lines - before.lines) / passed,
    heldMs: ((after.seconds - before.seconds) / passed) * 1000,
    holds: (after.holds - before.holds) / passed,
  }
}

function least(all: readonly Round[]): Round {
  const by = (key: keyof Round) => Math.min(...all.map(round => round[key]))
  return {
    requests: by('requests'),
    p50Ms: by('p50Ms'),
    p99Ms: by('p99Ms'),
    cpuPercent: Math.max(...all.map(({ cpuPercent }) => cpuPercent)),
    linesPerSecond: Math.max(...all.map(({ linesPerSecond }) => linesPerSecond)),
    heldMs: by('heldMs'),
    holds: by('holds'),
  }
}

/** How long, and how often for long, the log module has held the loop, by the sidecar's own metrics. */
async function held(): Promise<{ seconds: number; holds: number }> {
  const text = await fetch(`${sidecar.adminUrl}/metrics`).then(response => response.text())
  const of = (metric: string) =>
    Number(
      new RegExp(`^outrigger_kernel_loop_${metric}_total\\{module="logs"\\} (\\S+)`, 'm').exec(text)?.[1] ??
        0,
    )
  return { seconds: of('held_seconds'), holds: of('holds') }
}
