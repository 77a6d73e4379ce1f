/**
 * Runs the fake service by itself:
 *   node test/fakes/cloudwatch/main.ts --port 4566 [--region eu-central-1] [--fault-rate 0.1] [--seed 1]
 * Keys: AKIDEXAMPLE / secret. Prints its address as one JSON line when it listens.
 */
import { parseArgs } from 'node:util'
import { badDay } from '../faults.ts'
import { startFakeCloudwatch } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4566' },
    region: { type: 'string', default: 'eu-central-1' },
    'fault-rate': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
  },
})

const fake = await startFakeCloudwatch({ port: Number(values.port), region: values.region })
const rate = Number(values['fault-rate'])
if (rate > 0) fake.faults.chaos = badDay(rate, Number(values.seed))
console.log(JSON.stringify({ url: fake.url, port: fake.port }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fake.close())
