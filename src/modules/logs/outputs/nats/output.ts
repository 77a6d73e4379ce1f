import { hostname } from 'node:os'
import type { Slice } from '../../batch.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost, Rejection } from '../output.ts'
import { countRecords, selectRecords } from '../selection.ts'
import { type Ack, readAck } from './ack.ts'
import type { NatsConfig } from './config.ts'
import { type NatsLine, NatsLink } from './link.ts'

/** Publishes records to NATS. */
export const openNats: OpenOutput<NatsConfig> = async (config, host) => new NatsOutput(config, host)

const recordsPerStep = 64

interface Message {
  readonly subject: string
  readonly payload: Buffer
  readonly headers: readonly (readonly [string, string])[]
}

class NatsOutput implements Output {
  readonly limits: Limits
  readonly #config: NatsConfig
  readonly #host: OutputHost
  readonly #link: NatsLink
  readonly #subject: Template
  readonly #headers: readonly (readonly [string, Template])[]
  /** Messages of this output have numbers, so that a late answer is not taken for another one's. */
  #round = 0

  constructor(config: NatsConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#link = new NatsLink(config, host)
    const context = {
      hostname: hostname(),
      clean: (text: string) => text.replace(/[\s\0-\x1f*>\x7f]+/g, '_'),
    }
    this.#subject = compileTemplate(config.subject, context)
    const line = { hostname: hostname(), clean: (text: string) => text.replace(/[\r\n\0]+/g, ' ').trim() }
    this.#headers = Object.entries(config.headers).map(([name, text]) => [name, compileTemplate(text, line)])
    this.limits = {
      maxBytes: 1024 * 1024,
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (countRecords(slices) === 0) return { kind: 'done' }
    const stop = AbortSignal.any([signal, this.#link.closing])
    if (stop.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    const stopped = new Promise<Outcome>(resolve =>
      stop.addEventListener(
        'abort',
        () => resolve({ kind: 'failed', reason: 'stopped before NATS had answered' }),
        {
          once: true,
        },
      ),
    )
    return await Promise.race([this.#send(slices, stop), stopped])
  }

  async #send(slices: readonly Slice[], stop: AbortSignal): Promise<Outcome> {
    const line = await this.#link.connect()
    if ('kind' in line) return line
    const messages = await this.#messagesOf(slices)
    if (stop.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    const maxPayload = line.connection.info?.max_payload ?? 1024 * 1024
    line.complaint = undefined
    try {
      const acks = this.#config.jetStream
        ? await this.#publishStored(line, messages, maxPayload)
        : await this.#publish(line, messages, maxPayload)
      return acks.kind === 'acks' ? outcomeOf(slices, acks.acks) : acks
    } catch (error) {
      await this.#link.drop()
      return { kind: 'failed', reason: `NATS: ${(error as Error).message}` }
    }
  }

  /** Done when the server has taken all of them: it answers our ping after what came before it. */
  async #publish(
    line: NatsLine,
    messages: readonly Message[],
    maxPayload: number,
  ): Promise<Acks | FailedOutcome> {
    const { connection } = line
    const acks = messages.map(message => {
      const excess = excessOf(message, maxPayload)
      if (excess !== undefined) return excess
      connection.publish(message.subject, message.payload, this.#optionsOf(line, message))
      return STORED
    })
    const ended = connection.closed().then(reason => `the connection ended: ${reason?.message ?? 'closed'}`)
    const failure = await this.#within(
      connection.flush().then(() => undefined),
      ended,
    )
    if (failure !== undefined) return await this.#lost(failure)
    return (await this.#complaintOf(line)) ?? { kind: 'acks', acks }
  }

  async #publishStored(
    line: NatsLine,
    messages: readonly Message[],
    maxPayload: number,
  ): Promise<Acks | FailedOutcome> {
    const { connection, nats } = line
    const inbox = `${nats.createInbox()}.${this.#round++}`
    const acks: Ack[] = new Array(messages.length)
    let open = 0
    let settle = () => {}
    const settled = new Promise<undefined>(resolve => {
      settle = () => resolve(undefined)
    })
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error) return
        const ordinal = Number(message.subject.slice(inbox.length + 1))
        if (acks[ordinal] !== undefined) return
        acks[ordinal] = readAck(message.headers?.code, message.string(), this.#host.key)
        if (--open === 0) settle()
      },
    })
    try {
      messages.forEach((message, ordinal) => {
        const excess = excessOf(message, maxPayload)
        if (excess !== undefined) acks[ordinal] = excess
        else {
          open++
          const options = { ...this.#optionsOf(line, message), reply: `${inbox}.${ordinal}` }
          connection.publish(message.subject, message.payload, options)
        }
      })
      if (open === 0) return { kind: 'acks', acks }
      const ended = connection.closed().then(reason => `the connection ended: ${reason?.message ?? 'closed'}`)
      // A subject that we may not publish to is never acknowledged; the server complains before it answers a ping.
      const complained = connection.flush().then(async () => {
        const complaint = await this.#complaintOf(line)
        if (complaint === undefined) await settled
        return complaint
      })
      const failure = await this.#within(Promise.race([settled, complained]), ended)
      if (typeof failure === 'string') return await this.#lost(failure)
      return failure ?? { kind: 'acks', acks }
    } finally {
      if (!connection.isClosed()) subscription.unsubscribe()
    }
  }

  /** Undefined, or what is wrong: also when nothing comes in time. */
  async #within<T>(done: Promise<T>, ended: Promise<string>): Promise<T | string> {
    const { timeoutMs } = this.#config
    const late = Promise.withResolvers<string>()
    const timer = this.#host.clock.timeout(timeoutMs, () =>
      late.resolve(`no answer in time (${timeoutMs} ms)`),
    )
    try {
      return await Promise.race([
        done.catch((error: Error) => error.message as T | string),
        ended,
        late.promise,
      ])
    } finally {
      timer.cancel()
    }
  }

  async #lost(reason: string): Promise<FailedOutcome> {
    await this.#link.drop()
    return { kind: 'failed', reason: `NATS: ${reason}` }
  }

  async #complaintOf(line: NatsLine): Promise<FailedOutcome | undefined> {
    await new Promise(resolve => setImmediate(resolve))
    const { complaint } = line
    if (complaint === undefined) return undefined
    const { key } = this.#host
    return {
      kind: 'failed',
      reason: `NATS: ${complaint}; check ${key}.subject and ${key}.auth`,
      refused: true,
    }
  }

  #optionsOf({ nats }: NatsLine, { headers }: Message) {
    if (headers.length === 0) return {}
    const made = nats.headers()
    for (const [name, value] of headers) made.set(name, value)
    return { headers: made }
  }

  async #messagesOf(slices: readonly Slice[]): Promise<Message[]> {
    const { jetStream, deduplicate, stream } = this.#config
    const view = new RecordView()
    const messages: Message[] = []
    for (const { frame, from, to } of slices) {
      for (let i = from; i < to; i++) {
        if (messages.length % recordsPerStep === 0) {
          const pause = this.#host.slice()
          if (pause) await pause
        }
        view.at(frame.batch, i)
        const headers: [string, string][] = []
        if (jetStream && deduplicate)
          headers.push(['Nats-Msg-Id', `${this.#host.spoolId}-${frame.sequence}-${i}`])
        if (stream !== undefined) headers.push(['Nats-Expected-Stream', stream])
        for (const [name, template] of this.#headers) {
          const value = template.render(view)
          if (value !== undefined) headers.push([name, value])
        }
        messages.push({
          subject: subjectOf(this.#subject.render(view)!),
          // The library writes later, when the records' memory may hold others.
          payload: Buffer.from(view.bytes.subarray(view.start, view.end)),
          headers,
        })
      }
    }
    return messages
  }
}

interface Acks {
  readonly kind: 'acks'
  readonly acks: readonly Ack[]
}

const STORED: Ack = { kind: 'stored' }

/** Subjects have no empty tokens. */
function subjectOf(text: string): string {
  return text.replace(/\.{2,}/g, '.').replace(/^\.|\.$/g, '') || '_'
}

function excessOf({ payload, headers }: Message, maxPayload: number): Ack | undefined {
  let size = payload.length
  if (headers.length > 0) size += 'NATS/1.0\r\n\r\n'.length
  for (const [name, value] of headers) size += Buffer.byteLength(name) + Buffer.byteLength(value) + 4
  if (size <= maxPayload) return undefined
  return {
    kind: 'rejected',
    reason: `the record is larger than the server takes (max_payload ${maxPayload})`,
  }
}

function outcomeOf(slices: readonly Slice[], acks: readonly Ack[]): Outcome {
  const retry: number[] = []
  const rejected = new Map<string, number[]>()
  let trouble: FailedOutcome | undefined
  acks.forEach((ack, ordinal) => {
    if (ack.kind === 'rejected') rejected.set(ack.reason, [...(rejected.get(ack.reason) ?? []), ordinal])
    else if (ack.kind !== 'stored') {
      trouble ??= { kind: 'failed', reason: ack.reason, ...(ack.kind === 'refused' && { refused: true }) }
      retry.push(ordinal)
    }
  })
  if (trouble !== undefined && retry.length === acks.length) return trouble
  const rejections: Rejection[] = [...rejected].map(([reason, ordinals]) => ({
    slices: selectRecords(slices, ordinals),
    reason,
  }))
  return {
    kind: 'done',
    ...(retry.length > 0 && { retry: selectRecords(slices, retry) }),
    ...(rejections.length > 0 && { rejected: rejections }),
  }
}
