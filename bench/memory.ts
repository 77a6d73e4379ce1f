/** bench/memory: RSS and private memory (RssAnon) of a sidecar at rest, some seconds after it is ready. */
import { spawn } from 'node:child_process'
import { memory } from './support/proc.ts'
import { configurations, startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const restMs = Number(process.argv[2] ?? 5) * 1000
const rest = () => new Promise(resolve => setTimeout(resolve, restMs))
const rows: string[][] = []

const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
await rest()
rows.push(['node, nothing loaded', ...figures(bare.pid as number)])
bare.kill()

for (const [name, configuration] of Object.entries(configurations)) {
  const sidecar = await startSidecar(configuration)
  await rest()
  rows.push([name, ...figures(sidecar.pid)])
  await sidecar.stop()
}
process.stdout.write(`${table(['sidecar', 'RSS MB', 'private MB', 'peak RSS MB'], rows)}\n`)

function figures(pid: number): string[] {
  const { rssMb, privateMb, peakMb } = memory(pid)
  return [rssMb.toFixed(1), privateMb.toFixed(1), peakMb.toFixed(1)]
}
