import { DEFAULT_RETRY, type Retry } from '../../../kernel/clock/backoff.ts'
import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Metrics } from '../../../kernel/metrics/metrics.ts'
import type { Deadline, Health } from '../../../kernel/module.ts'
import type { Slice } from '../batch.ts'
import type { Outcome, Output, Rejection } from '../outputs/output.ts'
import type { SpoolReader } from '../spool/reader.ts'
import { Burials } from './burials.ts'
import type { DeadLetters } from './dead-letters.ts'
import { deliveryHealth } from './delivery-health.ts'
import { type DeadReason, type DeliveryMetrics, deliveryMetrics } from './delivery-metrics.ts'
import { FreshRecords } from './fresh-records.ts'
import { type Failure, Pause } from './pause.ts'
import { type Load, RetryQueue } from './retry-queue.ts'
import type { Routed, Routing } from './routing.ts'
import { SendSize } from './send-size.ts'
import { settlementOf } from './settlement.ts'
import { halves, totalBytes, totalRecords } from './slices.ts'
import { Window } from './window.ts'

/** How far sends may run ahead of records that are stuck: what a crash may send twice. */
const MAX_WINDOW_FRAMES = 4096
/** How long a send may take to notice that it was aborted. */
const ABORT_GRACE_MS = 1000

export interface DeliveryOptions {
  /** The output's name in metrics and messages. */
  readonly name: string
  readonly reader: SpoolReader
  readonly output: Output
  /** Without it every record goes to the output as it is. */
  readonly routing?: Routing | undefined
  /** This output's share of the byte budget: frames that are taken and not settled, give or take one frame, and the bodies made of them. */
  readonly maxInFlightBytes: number
  readonly retry?: Retry
  /** After so many tries in vain records become dead letters; never unless given. */
  readonly maxTries?: number | undefined
  readonly deadLetters: DeadLetters
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  /** Between 0 and 1, for the jitter. */
  readonly random?: () => number
}

/**
 * Brings every record of one reader to one output, at least once. Disposing it aborts what is under way:
 * what is not acknowledged stays in the spool for the next start.
 */
export interface Delivery extends AsyncDisposable {
  health(): Health
  /** Sends what is in the spool without waiting for more, until it is empty or time is up. */
  drain(deadline: Deadline): Promise<{ readonly remainingRecords: number }>
}

/** With a concurrency of 1 an output gets whole sends in order; single records that it rejects for now come later. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const delivery = new OutputDelivery(options)
  delivery.start()
  return delivery
}

class OutputDelivery implements Delivery {
  readonly #o: DeliveryOptions
  readonly #clock: Clock
  readonly #metrics: DeliveryMetrics
  readonly #window: Window
  readonly #fresh = new FreshRecords()
  readonly #retries = new RetryQueue()
  readonly #pause: Pause
  readonly #size: SendSize
  readonly #burials: Burials
  readonly #stop = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #sending = 0
  #taking: Promise<void> | undefined
  #pumping = false
  #pumpAgain = false
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #draining = false
  #onEmpty: (() => void) | undefined

  constructor(options: DeliveryOptions) {
    const { clock, metrics, name, output, reader, maxInFlightBytes, retry = DEFAULT_RETRY } = options
    this.#o = options
    this.#clock = clock
    this.#metrics = deliveryMetrics(metrics, name)
    this.#window = new Window(reader)
    this.#pause = new Pause(clock, retry, options.random ?? Math.random)
    this.#size = new SendSize(output.limits, maxInFlightBytes)
    this.#burials = new Burials(options.deadLetters, name, clock, options.log, this.#stop.signal)
    metrics.onCollect(() => this.#collect())
  }

  start(): void {
    this.#o.reader.onAppend(() => this.#pump())
    this.#pump()
  }

  health(): Health {
    const own = this.#ownHealth()
    const output = this.#o.output.health?.()
    if (!output || RANK[output.state] < RANK[own.state]) return own
    return RANK[output.state] > RANK[own.state] || own.state === 'ok' ? output : own
  }

  async drain(deadline: Deadline): Promise<{ remainingRecords: number }> {
    this.#draining = true
    this.#pause.hurry()
    this.#retries.hurry(this.#clock.monotonic())
    await new Promise<void>(resolve => {
      this.#onEmpty = resolve
      if (deadline.signal.aborted) resolve()
      else deadline.signal.addEventListener('abort', () => resolve(), { once: true })
      this.#pump()
    })
    this.#onEmpty = undefined
    await this.#close()
    await this.#o.output.drain?.(deadline)
    const { records } = this.#o.reader.unsent()
    if (records > 0) {
      const message = `${records} records for output ${this.#o.name} were not delivered in time; they stay in the spool for the next start`
      this.#o.log.warn('output_not_drained', message, { output: this.#o.name, records })
    }
    return { remainingRecords: records }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  get #closed(): boolean {
    return this.#stop.signal.aborted
  }

  async #close(): Promise<void> {
    if (!this.#closed) {
      this.#stop.abort(new Error('the delivery is closed'))
      this.#o.reader.onAppend(() => {})
      this.#timer?.cancel()
    }
    const grace = new AbortController()
    const late = this.#clock.sleep(ABORT_GRACE_MS, grace.signal).catch(() => {})
    await Promise.race([Promise.all([...this.#underWay, this.#taking]), late])
    grace.abort()
  }

  /** Takes, sends and sets the timer, as far as all of them can go now. Called after everything that happens. */
  #pump(): void {
    this.#pumpAgain = true
    if (this.#pumping) return
    this.#pumping = true
    while (this.#pumpAgain && !this.#closed) {
      this.#pumpAgain = false
      this.#take()
      this.#dispatch()
    }
    this.#pumping = false
    if (this.#closed) return
    this.#setTimer()
    if (this.#isEmpty()) this.#onEmpty?.()
  }

  get #hasRoom(): boolean {
    return this.#window.bytes < this.#size.recordBytes && this.#window.frames < MAX_WINDOW_FRAMES
  }

  #take(): void {
    while (!this.#taking && this.#hasRoom) {
      const taken = this.#o.reader.take()
      if (!taken) return
      if (taken instanceof Promise) this.#taking = this.#takeLater(taken)
      else this.#taken(taken)
    }
  }

  async #takeLater(promise: Promise<Slice | undefined>): Promise<void> {
    const taken = await promise
    this.#taking = undefined
    if (taken) this.#taken(taken)
    this.#pump()
  }

  #taken(slice: Slice): void {
    const { routing } = this.#o
    const { only = this.#o.name } = slice.frame.batch.origin
    const isExcluded = only !== this.#o.name || routing?.excludes(slice) === true
    if (routing && !isExcluded && !routing.isPlain) {
      this.#taking = this.#routeLater(routing, slice)
      return
    }
    this.#window.add(slice)
    if (isExcluded) this.#window.settle([slice])
    else this.#fresh.add(slice, this.#clock.monotonic())
  }

  async #routeLater(routing: Routing, slice: Slice): Promise<void> {
    try {
      const routed = await routing.route(slice)
      if (!this.#closed) this.#routed(slice, routed)
    } catch (error) {
      // In the window and never settled: it is neither lost nor sent to where it may not go.
      this.#window.add(slice)
      this.#bug(error)
    }
    this.#taking = undefined
    this.#pump()
  }

  #routed(slice: Slice, { slices, others }: Routed): void {
    const { frame } = slice
    const source = slices[0]?.frame ?? frame
    this.#window.add({ frame: source, from: slice.from, to: slice.to })
    if (source !== frame) frame.batch.memory?.letGo()
    this.#window.settle(others)
    for (const chosen of slices) this.#fresh.add(chosen, this.#clock.monotonic())
  }

  #dispatch(): void {
    const { concurrency } = this.#o.output.limits
    while (this.#sending < concurrency) {
      // One probe at a time while the peer does not take anything.
      if (this.#pause.failing && this.#sending > 0) return
      const load = this.#nextLoad(this.#clock.monotonic())
      if (!load) return
      const sending = this.#send(load)
      this.#underWay.add(sending)
      void sending.then(() => this.#underWay.delete(sending))
    }
  }

  #nextLoad(now: number): Load | undefined {
    if (now < this.#pause.untilMs) return undefined
    const { maxRecords, maxBytes } = this.#size
    const ordered = this.#inOrder ? this.#retries.ordered : undefined
    if (ordered) return ordered.dueAtMs <= now ? this.#retries.remove(ordered) : undefined
    // While the peer fails, records that were not tried yet go first: one bad record must not hold up all others.
    const freshAtMs = this.#freshReadyAtMs()
    const retryAtMs = this.#retries.dueAtMs ?? Number.POSITIVE_INFINITY
    if (freshAtMs > now || retryAtMs <= freshAtMs) {
      const load = this.#retries.take(now, maxRecords, maxBytes)
      if (load) return load
    }
    if (freshAtMs > now) return undefined
    return { slices: this.#fresh.take(maxRecords, maxBytes), attempts: 0, kind: 'fresh' }
  }

  get #inOrder(): boolean {
    return this.#o.output.limits.concurrency === 1
  }

  /** When the records that were not sent yet should be: at once when a send is full or no more can join it. */
  #freshReadyAtMs(): number {
    const since = this.#fresh.oldestAtMs
    if (since === undefined) return Number.POSITIVE_INFINITY
    const full = this.#fresh.bytes >= this.#size.maxBytes || this.#fresh.records >= this.#size.maxRecords
    if (full || !this.#hasRoom || (this.#draining && !this.#taking)) return since
    return since + this.#o.output.limits.maxAgeMs
  }

  #setTimer(): void {
    const atMs = this.#nextMomentMs()
    if (atMs >= this.#timerAtMs && this.#timer) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    const waitMs = Math.ceil(Math.max(0, atMs - this.#clock.monotonic()))
    this.#timer = this.#clock.timeout(waitMs, () => {
      this.#timer = undefined
      this.#timerAtMs = Number.POSITIVE_INFINITY
      this.#pump()
    })
  }

  /** When there may be something to send that cannot be sent now; never, while the end of a send will tell. */
  #nextMomentMs(): number {
    if (this.#sending >= this.#o.output.limits.concurrency) return Number.POSITIVE_INFINITY
    if (this.#pause.failing && this.#sending > 0) return Number.POSITIVE_INFINITY
    const ordered = this.#inOrder ? this.#retries.ordered : undefined
    const readyAtMs =
      ordered?.dueAtMs ?? Math.min(this.#freshReadyAtMs(), this.#retries.dueAtMs ?? Number.POSITIVE_INFINITY)
    return Math.max(readyAtMs, this.#pause.untilMs)
  }

  async #send(load: Load): Promise<void> {
    const startedAtMs = this.#clock.monotonic()
    const round = this.#pause.round
    this.#sending++
    this.#metrics.inFlight.inc()
    const outcome = await this.#outcome(load)
    this.#metrics.inFlight.dec()
    this.#sending--
    this.#metrics.seconds.observe((this.#clock.monotonic() - startedAtMs) / 1000)
    try {
      this.#settle(load, outcome, round)
    } catch (error) {
      this.#failed(load, this.#bug(error), round)
    }
    this.#pump()
  }

  async #outcome(load: Load): Promise<Outcome> {
    try {
      return await this.#o.output.send(load.slices, this.#stop.signal)
    } catch (error) {
      return this.#bug(error)
    }
  }

  #bug(error: unknown): Outcome & { kind: 'failed' } {
    const { name, log } = this.#o
    if (!this.#closed) log.error('output_bug', `output ${name} failed unexpectedly`, { output: name, error })
    return { kind: 'failed', reason: `internal error: ${(error as Error).message}` }
  }

  #settle(load: Load, outcome: Outcome, round: number): void {
    if (outcome.kind === 'done') this.#done(load, outcome, round)
    else if (this.#closed) return
    else if (outcome.kind === 'too_large') this.#tooLarge(load, outcome.reason)
    else this.#failed(load, outcome, round)
  }

  #done(load: Load, outcome: Outcome & { kind: 'done' }, round: number): void {
    const { delivered, rejected, refused, divided, again } = settlementOf(load.slices, outcome)
    this.#metrics.deliveredRecords.inc(totalRecords(delivered))
    this.#metrics.deliveredBytes.inc(totalBytes(delivered))
    if (again.length + refused.length + divided.length > 0) this.#metrics.sendsPartial.inc()
    else this.#metrics.sendsDone.inc()
    this.#window.settle(delivered)
    if (refused.length > 0) this.#bury(rejected, refused, 'rejected')
    const none = delivered.length + refused.length + divided.length === 0
    if (!none) this.#worked()
    for (const slices of divided) this.#sendInHalves(slices, load.attempts)
    if (again.length > 0) this.#sendItemsAgain(load, again, none, round)
  }

  #sendItemsAgain(load: Load, slices: readonly Slice[], all: boolean, round: number): void {
    const attempts = load.attempts + 1
    this.#metrics.retriedRecords.inc(totalRecords(slices))
    if (this.#isGivenUp(attempts)) {
      this.#bury([{ reason: 'the peer took no records for now', slices }], slices, 'given_up')
      return
    }
    const waitMs = all
      ? this.#troubled({ reason: 'the peer takes no records for now' }, round, attempts)
      : this.#draining
        ? 0
        : this.#pause.waitMs(attempts)
    this.#retries.add({ slices, attempts, kind: 'items' }, this.#clock.monotonic() + waitMs)
  }

  #tooLarge({ slices, attempts }: Load, reason: string): void {
    this.#metrics.sendsTooLarge.inc()
    this.#worked()
    if (totalRecords(slices) === 1) {
      this.#bury([{ reason, slices }], slices, 'too_large')
      return
    }
    this.#size.tooLarge(totalBytes(slices))
    this.#sendInHalves(slices, attempts)
  }

  #sendInHalves(slices: readonly Slice[], attempts: number): void {
    const now = this.#clock.monotonic()
    for (const half of halves(slices)) {
      if (half.length > 0) this.#retries.add({ slices: half, attempts, kind: 'half' }, now)
    }
  }

  #failed(load: Load, failure: Failure, round: number): void {
    const attempts = load.attempts + 1
    this.#metrics.sendsFailed.inc()
    this.#metrics.retriedRecords.inc(totalRecords(load.slices))
    const waitMs = this.#troubled(failure, round, attempts)
    if (this.#isGivenUp(attempts)) {
      this.#bury([{ reason: failure.reason, slices: load.slices }], load.slices, 'given_up')
      return
    }
    const kind = load.kind === 'half' ? 'half' : 'again'
    this.#retries.add({ slices: load.slices, attempts, kind }, this.#clock.monotonic() + waitMs)
  }

  #isGivenUp(attempts: number): boolean {
    return attempts >= (this.#o.maxTries ?? Number.POSITIVE_INFINITY)
  }

  #troubled(failure: Failure, round: number, attempts: number): number {
    const { log, name } = this.#o
    const known = this.#pause.trouble?.reason === failure.reason
    const waitMs = this.#pause.failed(round, attempts, failure)
    if (!known) {
      const message = `output ${name} does not take records: ${failure.reason}; they wait in the spool and are sent again`
      if (failure.refused) log.error('output_refused', message, { output: name })
      else log.warn('output_failing', message, { output: name })
    }
    return waitMs
  }

  #worked(): void {
    this.#size.worked()
    if (!this.#pause.failing) return
    this.#pause.worked()
    this.#o.log.info('output_recovered', `output ${this.#o.name} takes records again`, {
      output: this.#o.name,
    })
  }

  #bury(rejected: readonly Rejection[], slices: readonly Slice[], reason: DeadReason): void {
    const letters = rejected.map(rejection => ({ output: this.#o.name, ...rejection }))
    const burying = this.#burials.bury(letters).then(buried => {
      this.#underWay.delete(burying)
      if (!buried) return
      this.#metrics.dead[reason].inc(totalRecords(slices))
      this.#noteBuried(totalRecords(slices), letters[0].reason)
      this.#window.settle(slices)
      this.#pump()
    })
    this.#underWay.add(burying)
  }

  #noteBuried(records: number, reason: string): void {
    const { log, name, deadLetters } = this.#o
    const they = records === 1 ? 'one record; it is' : `${records} records; they are`
    const message = `output ${name} will never take ${they} kept in ${deadLetters.path}: ${reason}`
    log.warn('records_dead_lettered', message, { output: name, records })
  }

  #isEmpty(): boolean {
    return this.#draining && !this.#taking && this.#window.frames === 0
  }

  #ownHealth(): Health {
    const { trouble } = this.#pause
    return deliveryHealth(trouble, () => this.#o.reader.unsent().records, this.#burials.problem)
  }

  #collect(): void {
    this.#metrics.inFlightBytes.set(this.#window.bytes)
    this.#metrics.backingOff.set(this.#pause.failing ? 1 : 0)
  }
}

const RANK = { ok: 0, degraded: 1, failed: 2 } as const
