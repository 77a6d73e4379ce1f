/**
 * Runs the fake server by itself:
 *   node test/fakes/elasticsearch/main.ts --port 9200 [--sequence-field seq] [--fault-rate 0.1] [--seed 1] [--keep]
 * Prints its address as one JSON line when it listens; GET /_fake tells the counts.
 */
import { parseArgs } from 'node:util'
import { badDay } from '../faults.ts'
import { startFakeElasticsearch } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9200' },
    'sequence-field': { type: 'string' },
    'fault-rate': { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
  },
})

const fake = await startFakeElasticsearch({
  port: Number(values.port),
  keepDocuments: values.keep,
  ...(values['sequence-field'] === undefined ? {} : { sequenceField: values['sequence-field'] }),
})
const rate = Number(values['fault-rate'])
if (rate > 0) fake.faults.chaos = badDay(rate, Number(values.seed))
console.log(JSON.stringify({ url: fake.url, port: fake.port }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void fake.close())
