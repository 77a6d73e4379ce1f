/**
 * `node bench/soak.ts --minutes 10 --idle 9000`: slow heads and bodies, half-closed sockets, resets, nonsense and idle
 * connections against one sidecar; prints memory over time, and fails when it grows or when something is left behind.
 * Idle connections take a descriptor each on both sides: `ulimit -n` bounds them.
 */
import { parseArgs } from 'node:util'
import { soak } from '../test/chaos/soak.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    idle: { type: 'string', default: '9000' },
    clients: { type: 'string', default: '4' },
  },
})

const median = (numbers: readonly number[]) =>
  numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? 0

const result = await soak({
  seconds: Number(values.minutes) * 60,
  idle: Number(values.idle),
  clients: Number(values.clients),
  tell: line => process.stdout.write(`${line}\n`),
})
for (const [kind, count] of Object.entries(result.done))
  process.stdout.write(`${String(count).padStart(9)}  a client that ${kind}\n`)
const { samplesMb, left, restDescriptors } = result
const quarter = Math.floor(samplesMb.length / 4)
const early = median(samplesMb.slice(quarter, 2 * quarter))
const late = median(samplesMb.slice(-quarter))
process.stdout.write(
  `private memory: ${early.toFixed(1)} MB in the second quarter, ${late.toFixed(1)} MB in the last\n` +
    `left: ${left.inFlight} requests, ${left.connections} connections, ${left.descriptors - restDescriptors} descriptors more than before\n`,
)
const grew = late > early * 1.1 + 4
const leaks = left.inFlight > 0 || left.connections > 0 || left.descriptors > restDescriptors + 20
if (grew || leaks || result.strange !== '') {
  process.stdout.write(`${grew ? 'the memory grew' : 'something is left behind'}\n${result.strange}`)
  process.exitCode = 1
}
