import { hostname } from 'node:os'
import type { Reply } from '../../../../wire/resp/resp.ts'
import { ReplyError } from '../../../../wire/resp/resp.ts'
import type { Slice } from '../../batch.ts'
import { compileTemplate, RecordView } from '../../template/template.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { countBytes, countRecords, selectRecords } from '../selection.ts'
import { type Fault, faultOf } from './answer.ts'
import { CommandWriter, commandOf, type WriteCommand } from './commands.ts'
import type { RedisConfig } from './config.ts'
import { RedisLink } from './link.ts'
import { behind, type Mark, markText, readMark } from './mark.ts'

/** Sends records to Redis: one command each, all of a send in one write. */
export const openRedis: OpenOutput<RedisConfig> = async (config, host) => new RedisOutput(config, host)

const recordsPerStep = 128
const overheadBytes = 96
/** A mark of a spool that nobody has any more goes away. */
const markTtlSeconds = 90 * 24 * 3600

class RedisOutput implements Output {
  readonly limits: Limits
  readonly #host: OutputHost
  readonly #link: RedisLink
  readonly #write: WriteCommand
  /** The key of the mark, when there is one. */
  readonly #markKey: string | undefined
  /** How far Redis is, as far as this connection knows. */
  #mark: Mark | undefined

  constructor(config: RedisConfig, host: OutputHost) {
    this.#host = host
    this.#link = new RedisLink(config, host)
    this.#write = commandOf(config, compileTemplate(config.key, { hostname: hostname() }))
    if (config.exactlyOnce) this.#markKey = `outrigger:${host.spoolId}:${config.key}`
    this.limits = {
      maxBytes: 1024 * 1024,
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (countRecords(slices) === 0) return { kind: 'done' }
    if (signal.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    const stop = (): void => this.#link.drop()
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await this.#send(slices)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  async #send(all: readonly Slice[]): Promise<Outcome> {
    if (!this.#link.connected) this.#mark = undefined
    const failure = (await this.#link.connect()) ?? (await this.#learnMark())
    if (failure !== undefined) return failure
    const slices = this.#mark === undefined ? all : behind(all, this.#mark)
    const records = countRecords(slices)
    if (records === 0) return { kind: 'done' }
    const commands = await this.#commandsFor(slices, records)
    const replies = await this.#link.ask(commands.written, commands.count)
    if (replies instanceof Error) return { kind: 'failed', reason: replies.message }
    if (this.#markKey === undefined) return this.#outcomeOf(slices, replies)
    const results = replies.at(-1)
    if (Array.isArray(results)) {
      const last = slices.at(-1)!
      this.#mark = { sequence: last.frame.sequence, index: last.to - 1 }
      return this.#outcomeOf(slices, results.slice(0, -1))
    }
    // Nothing was done: what stands in the way was told when the command came, and most often of each one.
    const error = replies.find(reply => reply instanceof ReplyError) ?? new ReplyError('ERR no transaction')
    return this.#failed(faultOf((error as ReplyError).message, this.#host.key))
  }

  async #commandsFor(slices: readonly Slice[], records: number): Promise<CommandWriter> {
    const commands = new CommandWriter(countBytes(slices) + records * overheadBytes)
    const view = new RecordView()
    const nowMs = Math.floor(this.#host.clock.now())
    if (this.#markKey !== undefined) commands.command('MULTI')
    let n = 0
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++) {
        if (n++ % recordsPerStep === 0) {
          const pause = this.#host.slice()
          if (pause) await pause
        }
        this.#write(view.at(frame.batch, i), commands, nowMs)
      }
    }
    if (this.#markKey !== undefined) {
      const { frame, to } = slices.at(-1)!
      const text = markText({ sequence: frame.sequence, index: to - 1 })
      commands.command('SET', this.#markKey, text, 'EX', String(markTtlSeconds))
      commands.command('EXEC')
    }
    return commands
  }

  /** After a break nobody knows whether the last transaction was done, except Redis. */
  async #learnMark(): Promise<FailedOutcome | undefined> {
    if (this.#markKey === undefined || this.#mark !== undefined) return undefined
    const get = new CommandWriter(256)
    get.command('GET', this.#markKey)
    const replies = await this.#link.ask(get.written, 1)
    if (replies instanceof Error) return { kind: 'failed', reason: replies.message }
    const [reply] = replies
    if (reply instanceof ReplyError) return this.#failed(faultOf(reply.message, this.#host.key))
    this.#mark = readMark(reply)
    return undefined
  }

  #outcomeOf(slices: readonly Slice[], replies: readonly Reply[]): Outcome {
    const retry: number[] = []
    const rejected = new Map<string, number[]>()
    let fault: Fault | undefined
    replies.forEach((reply, ordinal) => {
      if (!(reply instanceof ReplyError)) return
      const next = faultOf(reply.message, this.#host.key)
      // The mark is behind this record already: it would be left out the next time.
      if (next.kind === 'rejected' || this.#markKey !== undefined) {
        const ordinals = rejected.get(next.reason)
        if (ordinals) ordinals.push(ordinal)
        else rejected.set(next.reason, [ordinal])
        return
      }
      fault ??= next
      retry.push(ordinal)
    })
    const failed = fault && this.#failed(fault)
    if (failed && retry.length === replies.length) return failed
    return {
      kind: 'done',
      ...(retry.length > 0 && { retry: selectRecords(slices, retry) }),
      ...(rejected.size > 0 && {
        rejected: [...rejected].map(([reason, ordinals]) => ({
          slices: selectRecords(slices, ordinals),
          reason,
        })),
      }),
    }
  }

  #failed({ kind, reason }: Fault): FailedOutcome {
    // Behind the name there may be another server by now.
    if (kind === 'moved') this.#link.drop()
    return { kind: 'failed', reason, ...(kind === 'refused' && { refused: true }) }
  }
}
