/**
 * CPU, latency and memory of the proxy beside HAProxy, nginx and Envoy, all before one nginx in one run.
 * Usage: node bench/proxy.ts [seconds a round, default 2] [rounds, default 3] [connections, default 1,32,1000]
 *   --only http1,varied,paced,tls,mtls,tls-out,http2,grpc,tcp   --sides haproxy,nginx,envoy,bare,outrigger   --bodies small,large
 * Needs the programs wrk, h2load, openssl and nginx; of the other proxies those that are installed take part.
 * The sides run in turn; of each figure the best round counts, because other load on the machine only adds.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Certificates, certificateFiles } from './support/hop.ts'
import { cpuSeconds, memory } from './support/proc.ts'
import type { Program } from './support/programs.ts'
import { startBackend } from './support/proxies.ts'
import { type Scenario, type Side, scenarios, sides } from './support/proxy-scenarios.ts'
import { freePort } from './support/sidecars.ts'
import { table } from './support/table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: Object.keys(scenarios).join() },
    sides: { type: 'string', default: Object.keys(sides).filter(installed).join() },
    bodies: { type: 'string', default: 'small,large' },
  },
})
const [seconds = 2, rounds = 3] = positionals.slice(0, 2).map(Number)
const connectionCounts = (positionals[2] ?? '1,32,1000').split(',').map(Number)

/** Where load goes, and who works for it. No program: the backend, without a proxy. */
interface Contender {
  readonly name: string
  readonly port: number
  readonly tls: boolean
  readonly pids: readonly number[]
}

interface Figures {
  cpuMicros: number
  p50Ms: number
  p99Ms: number
}

const certificates = certificateFiles()
try {
  for (const name of chosen(values.only, scenarios)) await compare(scenarios[name]!, certificates)
} finally {
  rmSync(certificates.folder, { recursive: true, force: true })
}

async function compare(scenario: Scenario, certificates: Certificates): Promise<void> {
  const programs: Program[] = []
  try {
    const backendPort = await freePort()
    programs.push(await startBackend(backendPort, scenario.hops.at(-1)!.to, certificates))
    const contenders: Contender[] = []
    for (const name of chosen(values.sides, sides)) {
      const contender = await startSide(name, sides[name]!, scenario, backendPort, programs)
      if (contender !== undefined) contenders.push(contender)
    }
    const direct = { name: 'direct', port: backendPort, tls: scenario.hops.at(-1)!.to === 'tls', pids: [] }
    const counts = scenario.connections === undefined ? connectionCounts : [scenario.connections]
    for (const body of values.bodies.split(','))
      for (const connections of counts) {
        const best = await race([direct, ...contenders], scenario, `/${body}`, connections)
        print(
          `${scenario.about}, ${body} bodies, ${connections} connections`,
          best.get(direct)!,
          contenders,
          best,
        )
      }
  } finally {
    for (const program of programs) await program.stop()
  }
}

/** One process a hop, chained from the backend to the client. */
async function startSide(
  name: string,
  start: Side,
  { hops }: Scenario,
  backendPort: number,
  programs: Program[],
): Promise<Contender | undefined> {
  const pids: number[] = []
  let port = backendPort
  for (const { from, to } of hops.toReversed()) {
    const next = await freePort()
    const starting = start({ port: next, backendPort: port, from, to }, certificates)
    if (starting === undefined) return undefined
    const program = await starting
    programs.push(program)
    pids.push(program.pid)
    port = next
  }
  return { name, port, tls: hops[0]!.from === 'tls', pids }
}

async function race(
  contenders: readonly Contender[],
  scenario: Scenario,
  path: string,
  connections: number,
): Promise<ReadonlyMap<Contender, Figures>> {
  const best = new Map<Contender, Figures>()
  // A thousand handshakes come first, of which a proxy makes some three hundred a second.
  const handshakes = scenario.hops.some(({ from }) => from === 'tls') ? connections / 150 : 0
  // The first round is not counted: what compiles itself while it runs needs some 100,000 requests to settle.
  for (let round = 0; round <= rounds; round++)
    for (const contender of contenders) {
      const { port, tls, pids, name } = contender
      const before = cpuOf(pids)
      const served = await scenario
        .load({ port, path, connections, seconds: Math.ceil(seconds + handshakes), tls })
        .catch(error => Promise.reject(new Error(`${name}, ${scenario.about}: ${error.message}`)))
      if (round === 0) continue
      const cpuMicros = ((cpuOf(pids) - before) * 1e6) / served.requests
      const known = best.get(contender)
      best.set(contender, {
        cpuMicros: Math.min(cpuMicros, known?.cpuMicros ?? Number.POSITIVE_INFINITY),
        p50Ms: Math.min(served.p50Ms, known?.p50Ms ?? Number.POSITIVE_INFINITY),
        p99Ms: Math.min(served.p99Ms, known?.p99Ms ?? Number.POSITIVE_INFINITY),
      })
    }
  return best
}

function print(
  title: string,
  direct: Figures,
  contenders: readonly Contender[],
  best: ReadonlyMap<Contender, Figures>,
): void {
  const haproxy = contenders.find(({ name }) => name === 'haproxy')
  const rows = contenders.map(contender => {
    const { cpuMicros, p50Ms, p99Ms } = best.get(contender)!
    return [
      contender.name,
      cpuMicros.toFixed(1),
      haproxy === undefined ? '' : (cpuMicros / best.get(haproxy)!.cpuMicros).toFixed(2),
      (p50Ms - direct.p50Ms).toFixed(2),
      (p99Ms - direct.p99Ms).toFixed(2),
      contender.pids.reduce((sum, pid) => sum + memory(pid).rssMb, 0).toFixed(0),
      contender.pids.reduce((sum, pid) => sum + memory(pid).privateMb, 0).toFixed(0),
    ]
  })
  const columns = ['CPU µs a request', '× HAProxy', 'p50 added ms', 'p99 added ms', 'RSS MB', 'private MB']
  console.log(`\n${title}\n\n${table(['proxy', ...columns], rows)}`)
}

function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
}

function chosen(list: string, known: object): string[] {
  const names = list.split(',')
  const unknown = names.find(name => !Object.hasOwn(known, name))
  if (unknown === undefined) return names
  console.error(`${unknown} is none of ${Object.keys(known).join(', ')}`)
  process.exit(2)
}

function installed(side: string): boolean {
  if (side === 'outrigger' || side === 'bare') return true
  return spawnSync(side, [side === 'envoy' ? '--version' : '-v']).error === undefined
}
