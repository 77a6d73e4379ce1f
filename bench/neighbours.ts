/**
 * bench/neighbours: what the proxy's requests feel while the log module of the same process runs flat out.
 * 1,000 requests a second over 16 connections, alone and beside a flood of log lines, in turn; of each figure the
 * best round counts.
 *   node bench/neighbours.ts [seconds a round, default 4] [rounds, default 3]
 * Needs the programs h2load, nginx and openssl.
 */
import { rmSync } from 'node:fs'
import { certificateFiles } from './support/hop.ts'
import { h2load, type Served } from './support/load.ts'
import { LogFlood } from './support/log-flood.ts'
import { cpuSeconds } from './support/proc.ts'
import { startBackend } from './support/proxies.ts'
import { freePort, startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const [seconds = 4, rounds = 3] = process.argv.slice(2).map(Number)
const load = { path: '/small', connections: 16, streams: 1, seconds, requestsPerSecond: 1000 }

interface Round extends Served {
  readonly cpuPercent: number
  readonly linesPerSecond: number
}

const certificates = certificateFiles()
const backendPort = await freePort()
const backend = await startBackend(backendPort, 'http1', certificates)
rmSync(certificates.folder, { recursive: true, force: true })
const flood = new LogFlood()
const port = await freePort()
const sidecar = await startSidecar(`logs:
  inputs: [{ tail: { paths: ["${flood.folder}/*.log"], format: json } }]
  outputs: [{ elasticsearch: { url: "${await flood.url()}" } }]
proxy:
  listeners: [{ name: bench, listen: "127.0.0.1:${port}", upstream: back }]
  upstreams: { back: { endpoints: [{ address: "127.0.0.1:${backendPort}" }] } }
`)
try {
  const direct = await best(() => round(backendPort))
  await round(port)
  const alone: Round[] = []
  const beside: Round[] = []
  for (let n = 0; n < rounds; n++) {
    alone.push(await round(port))
    await flood.begin()
    beside.push(await round(port))
    await flood.end()
  }
  const row = (name: string, { p50Ms, p99Ms, cpuPercent, linesPerSecond }: Round) => [
    name,
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    cpuPercent.toFixed(0),
    linesPerSecond.toFixed(0),
  ]
  const rows = [
    row('no proxy', direct),
    row('proxy alone', least(alone)),
    row('beside logs flat out', least(beside)),
  ]
  console.log(table(['1,000 requests/s', 'p50 ms', 'p99 ms', 'sidecar CPU %', 'lines/s'], rows))
  console.log(`\np99 beside logs is ${(least(beside).p99Ms / least(alone).p99Ms).toFixed(1)} × p99 alone`)
  await holders()
} finally {
  await sidecar.stop()
  await backend.stop()
}
process.exit()

async function round(port: number): Promise<Round> {
  const cpuBefore = cpuSeconds(sidecar.pid)
  const before = flood.delivered
  const began = performance.now()
  const served = await h2load({ ...load, port })
  const passed = (performance.now() - began) / 1000
  return {
    ...served,
    cpuPercent: ((cpuSeconds(sidecar.pid) - cpuBefore) / passed) * 100,
    linesPerSecond: (flood.delivered - before) / passed,
  }
}

async function best(measure: () => Promise<Round>): Promise<Round> {
  const all: Round[] = []
  for (let n = 0; n < rounds; n++) all.push(await measure())
  return least(all)
}

function least(all: readonly Round[]): Round {
  const by = (key: keyof Round) => Math.min(...all.map(round => round[key]))
  return {
    requests: by('requests'),
    p50Ms: by('p50Ms'),
    p99Ms: by('p99Ms'),
    cpuPercent: Math.max(...all.map(({ cpuPercent }) => cpuPercent)),
    linesPerSecond: Math.max(...all.map(({ linesPerSecond }) => linesPerSecond)),
  }
}

/** Who held the loop, by the sidecar's own metrics. */
async function holders(): Promise<void> {
  const text = await fetch(`${sidecar.adminUrl}/metrics`).then(response => response.text())
  const of = (metric: string, module: string) =>
    new RegExp(`^outrigger_kernel_loop_${metric}_total\\{module="${module}"\\} (\\S+)`, 'm').exec(
      text,
    )?.[1] ?? '0'
  const rows = ['logs', 'proxy'].map(module => [
    module,
    Number(of('held_seconds', module)).toFixed(2),
    of('holds', module),
  ])
  console.log(`\n${table(['module', 'held the loop, s', 'longer than its share'], rows)}`)
}
