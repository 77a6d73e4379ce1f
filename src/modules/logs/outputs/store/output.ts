import { join, resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { Health } from '../../../../kernel/module.ts'
import type { Slice } from '../../batch.ts'
import type { OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import type { StoreConfig } from './config.ts'
import type { Parcel, Reply, Request, StoreSettings } from './messages.ts'

const MAX_BYTES = 1024 * 1024
const MAX_RECORDS = 8192
const RETAIN_EVERY_MS = 60_000
const CLOSE_WITHIN_MS = 5000

/** Opens the store's thread; the database itself is opened with the first records. */
export const openStore: OpenOutput<StoreConfig> = async (config, host) => {
  const output = new StoreOutput(host, config, {
    path: config.path === undefined ? join(await host.dataDir(), 'store.db') : resolve(config.path),
    spool: host.spoolId,
    fullText: config.fullText,
    maxSizeBytes: config.maxSizeBytes,
    maxAgeMs: config.maxAgeMs,
  })
  host.scope.defer(() => output.close())
  const retain = host.clock.interval(RETAIN_EVERY_MS, () => output.retain())
  host.scope.defer(() => retain.cancel())
  return output
}

class StoreOutput implements Output {
  readonly limits
  readonly #host: OutputHost
  readonly #settings: StoreSettings
  readonly #waiting = new Map<number, (outcome: Outcome) => void>()
  #worker: Worker | undefined
  #lastId = 0
  #trouble: string | undefined

  constructor(host: OutputHost, config: StoreConfig, settings: StoreSettings) {
    this.#host = host
    this.#settings = settings
    // One writer: a second transaction under way would only wait for the first.
    this.limits = {
      maxBytes: MAX_BYTES,
      maxRecords: MAX_RECORDS,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve({ kind: 'failed', reason: 'stopped before it was written' })
    const id = ++this.#lastId
    const parcels = slices.map(parcelOf)
    const memory = parcels.flatMap(each =>
      [each.bytes, each.starts, each.ends, each.timesMs].map(it => it.buffer),
    )
    return new Promise(settle => {
      this.#waiting.set(id, settle)
      this.#post({ kind: 'write', id, nowMs: this.#host.clock.now(), parcels }, memory as ArrayBuffer[])
    })
  }

  health(): Health {
    if (this.#trouble === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#trouble }
  }

  /** Nothing to do before the first records: an idle store has no thread. */
  retain(): void {
    if (this.#worker !== undefined) this.#post({ kind: 'retain', nowMs: this.#host.clock.now() })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    const patience = this.#host.clock.timeout(CLOSE_WITHIN_MS, () => void worker.terminate())
    this.#post({ kind: 'close' })
    await ended
    patience.cancel()
  }

  #post(request: Request, memory: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage(request, memory)
  }

  #start(): Worker {
    const { Worker } = process.getBuiltinModule('node:worker_threads')
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'store',
      workerData: this.#settings,
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    worker.on('message', (reply: Reply) => this.#settle(reply))
    worker.on('error', error => this.#ended(worker, `the store’s thread broke: ${String(error)}`))
    worker.on('exit', () => this.#ended(worker, 'the store’s thread has ended'))
    return worker
  }

  #settle({ id, outcome: judged, notes }: Reply): void {
    const outcome = this.#naming(judged)
    for (const { level, event, message } of notes) this.#host.log[level](event, message)
    this.#trouble = outcome.kind === 'failed' ? outcome.reason : undefined
    if (id === undefined) return
    this.#waiting.get(id)?.(outcome)
    this.#waiting.delete(id)
  }

  /** What a person has to mend says where. */
  #naming(outcome: Outcome): Outcome {
    if (outcome.kind !== 'failed' || !outcome.refused) return outcome
    return { ...outcome, reason: `${outcome.reason}; check ${this.#host.key}.path` }
  }

  /** The next send starts a new thread. */
  #ended(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const settle of this.#waiting.values()) settle({ kind: 'failed', reason })
    this.#waiting.clear()
  }
}

/** Copies the records, so that the copy can be given away to the other thread. */
function parcelOf({ frame, from, to }: Slice): Parcel {
  const { sequence, batch } = frame
  const starts = batch.starts.slice(from, to)
  const ends = batch.ends.slice(from, to)
  const first = starts[0] ?? 0
  const bytes = new Uint8Array((ends.at(-1) ?? first) - first)
  bytes.set(batch.bytes.subarray(first, first + bytes.length))
  for (let i = 0; i < starts.length; i++) {
    starts[i]! -= first
    ends[i]! -= first
  }
  const timesMs = batch.timesMs.slice(from, to)
  return { sequence, from, bytes, starts, ends, timesMs, input: batch.origin.input, path: batch.origin.path }
}
