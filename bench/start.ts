/** bench/start: from the start of the process to the first 200 of /readyz, median and worst of several starts. */
import { configurations, startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const runs = Number(process.argv[2] ?? 15)
const rows: string[][] = []
for (const [name, configuration] of Object.entries(configurations)) {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const sidecar = await startSidecar(configuration)
    times.push(sidecar.readyMs)
    await sidecar.stop()
  }
  times.sort((a, b) => a - b)
  rows.push([name, times[runs >> 1].toFixed(0), times[runs - 1].toFixed(0)])
}
process.stdout.write(`${table(['sidecar', 'ready ms, median', 'ready ms, worst'], rows)}\n`)
