import { join } from 'node:path'
import { entryNames } from '../../kernel/config/entry-names.ts'
import type { LineIntake } from '../../kernel/lines/intake.ts'
import { inTurns } from '../../kernel/long-work.ts'
import type { Deadline, DrainReason, Health, Host } from '../../kernel/module.ts'
import type { LogsConfig } from './config.ts'
import { openDeadLetters } from './delivery/dead-letters.ts'
import { type Delivery, startDelivery } from './delivery/delivery.ts'
import { createRouting } from './delivery/routing.ts'
import { FirstRecords } from './first-records.ts'
import { ByteBudget } from './inputs/byte-budget.ts'
import type { Input, Positions } from './inputs/input.ts'
import { formatOf, sourceFieldsOf, startInput } from './inputs/kinds.ts'
import { LentMemory } from './lent-memory.ts'
import type { LineSink } from './lines.ts'
import { LiveRecords } from './live-records.ts'
import { readerNames } from './names.ts'
import { identify, openOutput, routingOf } from './outputs/kinds.ts'
import { tellOrphans } from './outputs/s3/orphans.ts'
import { createProcessor } from './processor.ts'
import { type RecordMetrics, recordMetrics } from './record-metrics.ts'
import { serveReplay } from './replay.ts'
import { openSpool, type Spool } from './spool/spool.ts'
import { createSteps } from './steps/create.ts'
import { loadLuaFor } from './steps/lua/library.ts'
import type { StepHost } from './steps/step.ts'
import { expandTag } from './tags.ts'

const READ_BYTES = 256 * 1024
/** A read starts a little earlier than what it brings: a piece of memory has room for both. */
const PIECE_BYTES = READ_BYTES + 4096
/** What formats and steps make of a read is seldom four times as large. */
const LARGEST_PIECE_BYTES = 4 * PIECE_BYTES

/** A log pipeline that runs until its host's scope closes. */
export interface Pipeline {
  health(): Health
  /** Where the proxy hands its access log over; undefined without that input. */
  readonly proxy: LineIntake | undefined
  /** When another instance follows, only what cannot be read again is taken in: the rest waits in files and spool. */
  drain(deadline: Deadline, reason: DrainReason): Promise<void>
}

/**
 * Inputs → formats and steps → spool → one delivery per output. Started from the end, so that nothing is read
 * before there is somewhere to put it; the scope closes in reverse.
 */
export async function startPipeline(config: LogsConfig, host: Host): Promise<Pipeline> {
  await loadLuaFor(config)
  const folder = await host.dataDir()
  const readers = readerNames(
    config.outputs.map(output => ({
      kind: output.kind,
      identity: identify(output),
      routing: routingOf(output),
    })),
  )
  const names = entryNames(config.outputs)
  const spool = host.scope.use(
    await openSpool({
      folder: join(folder, 'spool'),
      readers,
      readerLabels: names,
      maxBytes: config.spool.maxBytes,
      segmentBytes: config.spool.segmentBytes,
      syncIntervalMs: config.spool.syncMs,
      memoryBytes: config.memoryBytes / 2,
      clock: host.clock,
      metrics: host.metrics,
      log: host.log,
      signal: host.signal,
    }),
  )
  const records = recordMetrics(host.metrics)
  const deliveries = await startDeliveries(config, host, spool, { readers, names, folder, records })
  serveReplay({ host, outputs: names, append: batch => spool.append(batch) })
  const inputs = await startInputs(config, host, spool, records)
  return {
    proxy: [...inputs.values()].find(({ intake }) => intake !== undefined)?.intake,
    health: () => healthOf({ spool, ...Object.fromEntries(inputs), ...Object.fromEntries(deliveries) }),
    async drain(deadline, reason) {
      const followed = reason === 'replaced'
      const toEnd = [...inputs.values()].filter(input => !(followed && input.rereadable))
      await Promise.all(toEnd.map(input => input.drain(deadline)))
      if (followed) return
      await Promise.all([...deliveries.values()].map(delivery => delivery.drain(deadline)))
    },
  }
}

async function startDeliveries(
  config: LogsConfig,
  host: Host,
  spool: Spool,
  {
    readers,
    names,
    folder,
    records,
  }: {
    readonly readers: readonly string[]
    readonly names: readonly string[]
    readonly folder: string
    readonly records: RecordMetrics
  },
): Promise<Map<string, Delivery>> {
  const { scope, metrics, clock, log } = host
  const invalidUtf8 = metrics.counter(
    'invalid_utf8_records_total',
    'Records of which bytes were replaced because the output carries only UTF-8.',
    ['output'],
  )
  const deadLetters = scope.use(
    openDeadLetters({ folder, maxBytes: config.deadLetters.maxBytes, clock, metrics, log }),
  )
  const deliveries = new Map<string, Delivery>()
  for (const [index, entry] of config.outputs.entries()) {
    const name = names[index]
    const output = await openOutput(entry, {
      name,
      id: readers[index],
      key: `logs.outputs[${index}].${entry.kind}`,
      spoolId: spool.id,
      scope,
      signal: host.signal,
      log,
      metrics,
      clock,
      env: host.env,
      slice: host.slice,
      dataDir: async () => folder,
      invalidUtf8: invalidUtf8.with(name),
    })
    const routing = createRouting(entry.config, {
      ...stepHost(host, records, `output ${name}`, `logs.outputs[${index}].${entry.kind}.steps`),
      slice: host.slice,
    })
    const delivery = startDelivery({
      name,
      reader: spool.reader(readers[index]),
      output,
      routing,
      maxInFlightBytes: Math.floor(config.memoryBytes / 2 / config.outputs.length),
      retry: { baseMs: config.retry.baseMs, maxMs: config.retry.maxMs },
      maxTries: entry.config.tries,
      deadLetters,
      clock,
      metrics,
      log,
    })
    deliveries.set(`output ${name}`, scope.use(delivery))
  }
  await tellOrphans(folder, readers, log)
  return deliveries
}

/** What steps are made with; `owner` is whose records they see. */
function stepHost(host: Host, recordMetrics: RecordMetrics, owner: string, key: string): StepHost {
  const { scope, env, clock, log, metrics } = host
  return { scope, env, clock, log, metrics, recordMetrics, owner, key }
}

async function startInputs(
  config: LogsConfig,
  host: Host,
  spool: Spool,
  records: RecordMetrics,
): Promise<Map<string, Input>> {
  const { scope, signal, log, metrics, clock, slice, application } = host
  const live = scope.use(new LiveRecords(host))
  const first = new FirstRecords(host)
  const claims = new Map<string, string>()
  const memory = new LentMemory(LARGEST_PIECE_BYTES, config.memoryBytes / 2)
  const budget = new ByteBudget(config.memoryBytes)
  const names = entryNames(config.inputs)
  const inputs = new Map<string, Input>()
  for (const [index, entry] of config.inputs.entries()) {
    const name = names[index]
    const { tag = name, steps: ownSteps, multiline } = entry.config
    const stepsFor = (key: string) => ({
      ...stepHost(host, records, name, key),
      holdFor: (learnt: Promise<unknown>) => first.holdFor(learnt),
    })
    const joining =
      multiline &&
      (await import('./multiline/create.ts')).createJoining({
        config: multiline,
        format: formatOf(entry).format,
        input: name,
        memoryBytes: config.memoryBytes / 4,
        clock,
        metrics: records,
      })
    if (joining) scope.use(joining)
    const process = createProcessor({
      format: formatOf(entry),
      ownSteps: createSteps(ownSteps, stepsFor(`logs.inputs[${index}].${entry.kind}.steps`)),
      steps: createSteps(config.steps, stepsFor('logs.steps')),
      input: name,
      metrics: records,
      joiner: joining?.joiner,
      memory,
      keepEmptyLines: entry.kind === 'tail' && entry.config.emptyLines === 'keep',
      ...sourceFieldsOf(entry),
    })
    const [inputRecords, inputBytes] = [records.inputRecords.with(name), records.inputBytes.with(name)]
    const take: LineSink = async lines => {
      const { count, starts, ends } = lines
      const bytes = count === 0 ? 0 : ends[count - 1] - starts[0]
      await first.settled()
      const batches = await inTurns(process(lines), slice)
      live.show(batches)
      await Promise.all(batches.map(batch => spool.append(batch)))
      for (const { memory } of batches) memory?.letGo()
      inputRecords.inc(count)
      inputBytes.inc(bytes)
    }
    const input = await startInput(entry, {
      name,
      key: `logs.inputs[${index}].${entry.kind}`,
      sink: joining?.over(take) ?? take,
      heldAt: file => joining?.joiner.heldAt(file),
      tag: path => expandTag(tag, path),
      positions: positionsFor(name, claims, spool),
      readBytes: READ_BYTES,
      memory,
      budget,
      listen: host.listen,
      receive: host.receive,
      scope,
      signal,
      log,
      metrics,
      clock,
      slice,
      application,
    })
    inputs.set(`input ${name}`, joining?.around(input) ?? input)
  }
  return inputs
}

/** What one input sees of the positions. `claims`: which input reads which file. */
function positionsFor(input: string, claims: Map<string, string>, spool: Spool): Positions {
  return {
    get: file => spool.position(file),
    claim(file) {
      const owner = claims.get(file)
      if (owner === undefined) claims.set(file, input)
      return owner === input ? undefined : owner
    },
    forget(file) {
      claims.delete(file)
      spool.forget(file)
    },
  }
}

const RANK = { ok: 0, degraded: 1, failed: 2 } as const

/** The worst of its parts; a part that is not well does not keep the application from starting. */
function healthOf(parts: Readonly<Record<string, { health(): Health }>>): Health {
  const told = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.health()]))
  const worst = Object.entries(told).reduce<[string, Health]>(
    (worst, entry) => (RANK[entry[1].state] > RANK[worst[1].state] ? entry : worst),
    ['', { ready: true, state: 'ok' }],
  )
  const [name, { state, message }] = worst
  return {
    ready: true,
    // One output of several that fails is a degradation of the whole.
    state: state === 'ok' ? 'ok' : 'degraded',
    ...(state === 'ok' ? {} : { message: `${name}: ${message ?? state}` }),
    parts: told,
  }
}
