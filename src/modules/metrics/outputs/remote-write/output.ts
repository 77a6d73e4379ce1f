import { askedMs, backoffMs, type Retry } from '../../../../kernel/clock/backoff.ts'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { Counter } from '../../../../kernel/metrics/metrics.ts'
import type { Deadline, DrainReason, Health, Host } from '../../../../kernel/module.ts'
import { FamilySelector } from '../../selection.ts'
import type { OpenOutput, Output } from '../output.ts'
import type { RemoteWriteConfig } from './config.ts'
import { Queue } from './queue.ts'
import { openReceiver, type Receiver, type Verdict } from './receiver.ts'
import { type Prepared, Snapshots } from './snapshots.ts'

export const openRemoteWrite: OpenOutput<RemoteWriteConfig> = async (config, host, { name, key }) =>
  new RemoteWrite(config, host, name, await openReceiver(config, host, key))

const METADATA_EVERY_MS = 60_000
const RETRY: Retry = { baseMs: 250, maxMs: 30_000 }
/** While the process ends: the last values are worth a moment, not the whole time that is left. */
const END_RETRY: Retry = { baseMs: 100, maxMs: 500 }
const END_MS = 5000

/**
 * Takes the values at each interval and sends them one request after the other, so that those of a series arrive in
 * order. While the receiver is away they wait in a bounded queue.
 */
class RemoteWrite implements Output {
  readonly #host: Host
  readonly #name: string
  readonly #receiver: Receiver
  readonly #selector: FamilySelector
  readonly #snapshots: Snapshots
  readonly #queue: Queue
  readonly #timer: Timer
  readonly #counters: Counters
  readonly #stop = new AbortController()
  #pause = new AbortController()
  #taking: Promise<void> = Promise.resolve()
  #sending: Promise<void> | undefined
  #end: 'none' | DrainReason = 'none'
  #metadataAtMs = Number.NEGATIVE_INFINITY
  #trouble: string | undefined

  constructor(config: RemoteWriteConfig, host: Host, name: string, receiver: Receiver) {
    this.#host = host
    this.#name = name
    this.#receiver = receiver
    this.#selector = new FamilySelector(config)
    this.#snapshots = new Snapshots(config.maxSamples, host.slice)
    this.#queue = new Queue(config.queueBytes)
    this.#counters = countersOf(host, name, this.#queue)
    this.#timer = host.clock.interval(config.intervalMs, () => void this.#take(false))
    host.scope.defer(() => {
      this.#timer.cancel()
      this.#stop.abort()
    })
  }

  health(): Health {
    if (this.#trouble === undefined) return { ready: true, state: 'ok' }
    const waiting = this.#queue.samples
    const message = waiting === 0 ? this.#trouble : `${this.#trouble}; ${waiting} values wait`
    return { ready: true, state: 'degraded', message }
  }

  /** Sends the last values and ends the series; of an instance that is replaced the next one goes on with them. */
  async drain(deadline: Deadline, reason: DrainReason): Promise<void> {
    this.#timer.cancel()
    const limit = this.#host.clock.timeout(Math.min(END_MS, deadline.remainingMs()), () => this.#stop.abort())
    try {
      await (reason === 'ending' ? this.#take(true) : this.#taking)
      this.#end = reason
      this.#pause.abort()
      await this.#sending
    } finally {
      limit.cancel()
      this.#counters.ended.inc(this.#queue.samples)
    }
  }

  #take(isLast: boolean): Promise<void> {
    this.#taking = this.#taking
      .then(() => this.#snapshot(isLast))
      .catch(error => this.#host.log.error('snapshot_failed', 'the metrics could not be taken', { error }))
    return this.#taking
  }

  async #snapshot(isLast: boolean): Promise<void> {
    const { clock } = this.#host
    const metadata = clock.monotonic() - this.#metadataAtMs >= METADATA_EVERY_MS
    if (metadata) this.#metadataAtMs = clock.monotonic()
    const families = this.#selector.select(this.#host.exposition())
    const moment = { timeMs: clock.now(), metadata, isLast }
    for (const request of await this.#snapshots.take(families, moment))
      this.#counters.overflown.inc(this.#queue.add(request))
    if (this.#queue.bytes > 0) this.#sending ??= this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    try {
      for (let request = this.#queue.take(); request !== undefined; request = this.#queue.take()) {
        if (await this.#sent(request)) continue
        this.#counters.ended.inc(request.samples)
        return
      }
    } catch (error) {
      this.#host.log.error('send_failed', 'metrics could not be sent', { error })
    } finally {
      this.#sending = undefined
    }
  }

  /** Until it arrived or nobody wants it; false when time is up before that. */
  async #sent({ body, samples }: Prepared): Promise<boolean> {
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      const verdict = await this.#receiver.write(body, this.#stop.signal)
      if (this.#stop.signal.aborted && verdict.kind === 'failed') return false
      this.#tell(verdict)
      this.#counters.sends[verdict.kind].inc()
      if (verdict.kind === 'done') this.#counters.sent.inc(samples)
      if (verdict.kind === 'rejected') this.#counters.rejected.inc(samples)
      if (verdict.kind !== 'failed') return true
      if (this.#end === 'replaced') return false
      await this.#wait(verdict, attempt)
    }
    return false
  }

  async #wait({ afterMs, refused }: Extract<Verdict, { kind: 'failed' }>, attempt: number): Promise<void> {
    const isEnding = this.#end !== 'none'
    const ms = backoffMs(isEnding ? END_RETRY : RETRY, attempt, Math.random(), refused)
    this.#pause = new AbortController()
    const signal = AbortSignal.any([this.#stop.signal, this.#pause.signal])
    await this.#host.clock.sleep(isEnding ? ms : Math.max(ms, askedMs(afterMs)), signal).catch(() => {})
  }

  #tell(verdict: Verdict): void {
    const trouble = verdict.kind === 'done' ? undefined : verdict.reason
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    const { log } = this.#host
    const fields = { output: this.#name }
    if (trouble === undefined) log.info('remote_write_works', `${this.#name}: metrics arrive again`, fields)
    else if (verdict.kind === 'rejected')
      log.warn('remote_write_rejected', `${this.#name} refuses metrics: ${trouble}`, fields)
    else log.warn('remote_write_failed', `${this.#name}: metrics wait: ${trouble}`, fields)
  }
}

interface Counters {
  readonly sends: Readonly<Record<Verdict['kind'], Counter>>
  readonly sent: Counter
  readonly rejected: Counter
  readonly overflown: Counter
  readonly ended: Counter
}

function countersOf({ metrics }: Host, name: string, queue: Queue): Counters {
  const sends = metrics.counter('sends_total', 'Requests with metrics, by what came of them.', [
    'output',
    'outcome',
  ])
  const dropped = metrics.counter(
    'dropped_samples_total',
    'Values that never arrived: the receiver refused them, they had to make room, or the process ended.',
    ['output', 'reason'],
  )
  const waiting = metrics.gauge('queue_bytes', 'What waits to be sent, compressed.', ['output']).with(name)
  metrics.onCollect(() => waiting.set(queue.bytes))
  return {
    sends: {
      done: sends.with(name, 'done'),
      failed: sends.with(name, 'failed'),
      rejected: sends.with(name, 'rejected'),
    },
    sent: metrics.counter('sent_samples_total', 'Values that arrived.', ['output']).with(name),
    rejected: dropped.with(name, 'rejected'),
    overflown: dropped.with(name, 'queue_full'),
    ended: dropped.with(name, 'ended'),
  }
}
