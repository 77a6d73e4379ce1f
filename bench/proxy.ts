/**
 * CPU and latency of the proxy beside HAProxy and nginx, all before one nginx in one run, driven by wrk.
 * Usage: node bench/proxy.ts [seconds a round, default 2] [rounds, default 3] [connections, default 1,32,1000]
 * Needs the programs wrk, haproxy and nginx. Of each figure the best round counts: other load on the machine only adds.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpuSeconds, memory } from './support/proc.ts'
import { type Program, startHaproxy, startNginx } from './support/proxies.ts'
import { freePort, startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const seconds = Number(process.argv[2] ?? 2)
const rounds = Number(process.argv[3] ?? 3)
const connectionCounts = (process.argv[4] ?? '1,32,1000').split(',').map(Number)

interface Side {
  readonly name: string
  readonly port: number
  readonly pid: number
}

interface Figures {
  cpuMicros: number
  p50Ms: number
  p99Ms: number
}

async function main(): Promise<void> {
  const programs: { stop(): Promise<void> }[] = []
  const started = <P extends Pick<Program, 'pid' | 'stop'>>(program: P): number => {
    programs.push(program)
    return program.pid
  }
  try {
    const [backend, haproxy, nginx, ours] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const configuration = `proxy:
  listeners: [{ name: bench, listen: "127.0.0.1:${ours}", upstream: back }]
  upstreams: { back: { endpoints: [{ address: "127.0.0.1:${backend}" }] } }
`
    const direct = { name: 'direct', port: backend, pid: started(await startNginx(backend)) }
    const sides: Side[] = [
      { name: 'HAProxy', port: haproxy, pid: started(await startHaproxy(haproxy, backend)) },
      { name: 'nginx', port: nginx, pid: started(await startNginx(nginx, backend)) },
      { name: 'Outrigger', port: ours, pid: started(await startSidecar(configuration)) },
    ]
    for (const path of ['/small', '/large'])
      for (const connections of connectionCounts) await scenario(path, connections, direct, sides)
  } finally {
    for (const program of programs) await program.stop()
  }
}

async function scenario(
  path: string,
  connections: number,
  direct: Side,
  sides: readonly Side[],
): Promise<void> {
  const best = new Map<Side, Figures>()
  for (let round = 0; round < rounds; round++)
    for (const side of [direct, ...sides]) {
      const figures = await measure(side, path, connections)
      const known = best.get(side)
      if (known === undefined) best.set(side, figures)
      else
        for (const key of ['cpuMicros', 'p50Ms', 'p99Ms'] as const)
          known[key] = Math.min(known[key], figures[key])
    }
  const base = best.get(direct)!
  const haproxyMicros = best.get(sides[0]!)!.cpuMicros
  const rows = sides.map(side => {
    const { cpuMicros, p50Ms, p99Ms } = best.get(side)!
    return [
      side.name,
      cpuMicros.toFixed(1),
      (cpuMicros / haproxyMicros).toFixed(2),
      (p50Ms - base.p50Ms).toFixed(2),
      (p99Ms - base.p99Ms).toFixed(2),
      memory(side.pid).rssMb.toFixed(0),
    ]
  })
  console.log(`\nGET ${path}, ${connections} connections\n`)
  console.log(
    table(['proxy', 'CPU µs a request', '× HAProxy', 'p50 added ms', 'p99 added ms', 'RSS MB'], rows),
  )
}

async function measure({ port, pid, name }: Side, path: string, connections: number): Promise<Figures> {
  const before = cpuSeconds(pid)
  const child = spawn('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    `http://127.0.0.1:${port}${path}`,
  ])
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  await once(child, 'close')
  const requests = Number(/([0-9]+) requests in/.exec(text)?.[1] ?? 0)
  if (requests === 0 || /Non-2xx|Socket errors: .*(?:read|write|connect) [1-9]/.test(text))
    throw new Error(`${name}: requests failed:\n${text}`)
  return {
    cpuMicros: ((cpuSeconds(pid) - before) * 1e6) / requests,
    p50Ms: milliseconds(text, '50%'),
    p99Ms: milliseconds(text, '99%'),
  }
}

function milliseconds(text: string, percentile: string): number {
  const [, number, unit] = new RegExp(`${percentile}\\s+([0-9.]+)(us|ms|s)`).exec(text)!
  return Number(number) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1)
}

await main()
