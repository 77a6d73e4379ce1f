/** Lines to batches through formats and steps, against a loop of JSON.parse and JSON.stringify, in turn. */

import { s } from '../src/kernel/config/schema.ts'
import { fakeHost } from '../src/kernel/host-fake.ts'
import { formatFields } from '../src/modules/logs/formats/config.ts'
import type { Lines } from '../src/modules/logs/lines.ts'
import { createProcessor } from '../src/modules/logs/processor.ts'
import { atOnce } from '../src/modules/logs/processor-fake.ts'
import { recordMetrics } from '../src/modules/logs/record-metrics.ts'
import { stepsSchema } from '../src/modules/logs/steps/config.ts'
import { createSteps } from '../src/modules/logs/steps/create.ts'
import { accessLines, criLines, logfmtLines, plainLines } from './access-lines.ts'
import { type Contender, compare } from './rounds.ts'

const COUNT = 20_000
const BATCH = 1000
const host = fakeHost({ name: 'logs' })
const metrics = recordMetrics(host.metrics)
const formatSchema = s.object(formatFields, { about: 'the format' })

function processing(name: string, lines: Lines, format: object, steps: readonly object[] = []): Contender {
  const decodedFormat = formatSchema.decode(format)
  const decodedSteps = stepsSchema.decode(steps)
  if (!decodedFormat.ok || !decodedSteps.ok)
    throw new Error(`the bench's own configuration is wrong: ${name}`)
  const process = createProcessor({
    format: decodedFormat.value,
    ownSteps: [],
    steps: createSteps(decodedSteps.value, {
      ...host,
      recordMetrics: metrics,
      owner: name,
      key: 'logs.steps',
    }),
    input: name,
    metrics,
  })
  const batches = inBatches(lines)
  return {
    name,
    bytes: lines.bytes.length,
    run: () => batches.reduce((sum, batch) => sum + atOnce(process(batch))[0].count, 0),
  }
}

/** As an input hands lines over: a few hundred KiB at a time. */
function inBatches(lines: Lines): Lines[] {
  return Array.from({ length: Math.ceil(lines.count / BATCH) }, (_, i) => {
    const from = i * BATCH
    const count = Math.min(BATCH, lines.count - from)
    const starts = lines.starts.subarray(from, from + count)
    const ends = lines.ends.subarray(from, from + count)
    return { ...lines, count, starts, ends }
  })
}

function parsing(
  name: string,
  lines: Lines,
  change: (record: Record<string, unknown>) => boolean,
): Contender {
  const { bytes, count, starts, ends } = lines
  return {
    name,
    bytes: bytes.length,
    run() {
      const out = Buffer.allocUnsafe(bytes.length * 2)
      let length = 0
      for (let i = 0; i < count; i++) {
        const record = JSON.parse(bytes.toString('utf8', starts[i], ends[i])) as Record<string, unknown>
        if (change(record)) length += out.write(`${JSON.stringify(record)}\n`, length)
      }
      return length
    },
  }
}

const access = accessLines(COUNT)
const time = { field: 'time' }
const add = { add: { fields: { service: 'checkout', region: 'eu-1' } } }
const drop = { drop: 'status < 500 and path matches "/orders/1"' }
compare(`json, ${Math.round(access.bytes.length / access.count)} bytes a line`, [
  parsing('bare loop: parse, stringify', access, () => true),
  parsing('bare loop: parse, drop, add 2 fields, stringify', access, record => {
    if ((record.status as number) < 500 && /\/orders\/1/.test(record.path as string)) return false
    record.service = 'checkout'
    record.region = 'eu-1'
    return true
  }),
  processing('json', access, { format: 'json' }),
  processing('json, time', access, { format: 'json', time }),
  processing('json, time taken out', access, { format: 'json', time: { ...time, keep: false } }),
  processing('json, add 2 fields', access, { format: 'json' }, [add]),
  processing('json, drop by condition', access, { format: 'json' }, [drop]),
  processing('json, drop by condition, add 2 fields', access, { format: 'json' }, [drop, add]),
  processing('json, remove 2 fields', access, { format: 'json' }, [{ remove: ['agent', 'remote'] }]),
  processing('json, redact by pattern everywhere', access, { format: 'json' }, [
    { redact: { pattern: '10\\.0\\.\\d+\\.7' } },
  ]),
])

const pattern =
  '^(?<client>\\S+) "(?<method>\\S+) (?<path>\\S+) [^"]*" (?<status>\\d+) (?<bytes>\\d+) "(?<agent>[^"]*)"$'
compare('other formats', [
  processing('raw', plainLines(COUNT), { format: 'raw' }),
  processing('cri', criLines(COUNT), { format: 'cri' }),
  processing('logfmt', logfmtLines(COUNT), { format: 'logfmt' }),
  processing('regex, 6 groups', plainLines(COUNT), { format: 'regex', pattern }),
  processing('raw, add 2 fields', plainLines(COUNT), { format: 'raw' }, [add]),
])

const alone = (name: string, step: object) => processing(name, access, { format: 'json' }, [step])
compare('json and one step', [
  processing('none', access, { format: 'json' }, [{ keep: 'exists(time)' }]),
  alone('fill', { fill: { fields: { id: '{method}-{status}' } } }),
  alone('rename', { rename: { fields: { agent: 'user_agent' } } }),
  alone('move', { move: { fields: { agent: 'client.agent' } } }),
  alone('nest', { nest: { fields: ['r*'], under: 'client' } }),
  alone('select', { select: ['time', 'status', 'path'] }),
  alone('order', { order: { first: ['status'] } }),
  alone('convert', { convert: { fields: { status: 'string' } } }),
  alone('parse', { parse: { field: 'path', format: 'regex', pattern: '^/(?<first>[^/]*)' } }),
  alone('redact names at any depth', { redact: { names: ['agent', '*_token'] } }),
  alone('redact, detectors card, email, jwt, token', {
    redact: { detect: ['card', 'email', 'jwt', 'token'] },
  }),
  alone('sample by a field', { sample: { rate: 0.5, by: 'path' } }),
  alone('throttle by a field', { throttle: { records: 1_000_000, by: ['path'] } }),
  alone('dedupe, whole record', { dedupe: { window: '1s' } }),
  alone('metric, 2 labels', {
    metric: { name: 'bench_requests_total', labels: { status: 'status', method: 'method' } },
  }),
  alone('kubernetes', { kubernetes: { podInfo: '/nowhere', container: 'app' } }),
  alone('script, known to end', { script: { source: 'record.slow = record.status > 499' } }),
])
compare('json and a script that is watched over', [
  alone('script with a function', { script: { source: 'record.n = [record.status].map(n => n + 1)[0]' } }),
])
