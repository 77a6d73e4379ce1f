import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { MsgpackError } from '../../../../wire/msgpack/error.ts'
import { eventTimeMs, type JsonOptions, writeJson, writeMembers } from '../../../../wire/msgpack/json.ts'
import { MsgpackKind, MsgpackReader } from '../../../../wire/msgpack/reader.ts'
import { type MsgpackValue, readValue } from '../../../../wire/msgpack/value.ts'
import { Allowance } from '../byte-budget.ts'
import { Gathered } from '../gathered.ts'
import { BodyBuffer } from '../http-server/body.ts'
import { decompress } from '../http-server/decompress.ts'
import { Refused as HttpRefused } from '../http-server/refusal.ts'
import type { InputHost } from '../input.ts'
import type { Peer } from '../network/connection.ts'
import type { NetworkMeters } from '../network/meters.ts'
import { Refused } from '../network/refused.ts'
import type { ForwardConfig } from './config.ts'

/** Tags that are gathered at the same time; with more of them the batches get smaller, nothing else. */
const MAX_TAGS = 100
/** Of a chunk's name: Fluentd's have 24, Fluent Bit's 32. */
const MAX_CHUNK_NAME = 256
/** Between two looks at the clock. */
const EVENTS_PER_STEP = 64

type Options = ReadonlyMap<string, MsgpackValue>

/** Makes records of messages of all four modes (Forward Protocol Specification v1, "Event Modes"). */
export class ForwardMessages {
  readonly #peer: Peer
  readonly #config: ForwardConfig & { readonly tag?: string }
  readonly #host: InputHost
  readonly #meters: NetworkMeters
  readonly #json: JsonOptions
  readonly #reader = new MsgpackReader()
  readonly #gathered = new Map<string, Gathered>()
  /** Names of chunks that are acknowledged once all that is gathered is safe. */
  #chunks: string[] = []

  constructor(
    peer: Peer,
    config: ForwardConfig & { readonly tag?: string },
    host: InputHost,
    meters: NetworkMeters,
  ) {
    this.#peer = peer
    this.#config = config
    this.#host = host
    this.#meters = meters
    this.#json = { binary: config.binary }
  }

  /** Takes one whole message. Throws Refused or MsgpackError for what is none; its records up to the fault are kept. */
  async take(message: Buffer): Promise<void> {
    const reader = this.#reader.open(message)
    const first = reader.read(0)
    // A heartbeat.
    if (reader.kind === MsgpackKind.nil) return
    if (reader.kind !== MsgpackKind.array || reader.length < 2 || reader.length > 4)
      throw new Refused('malformed', 'expected a list of a tag and events')
    const { length } = reader
    const entries = reader.read(first)
    if (!isBytes(reader.kind)) throw new Refused('malformed', 'expected a tag, which is a text')
    const tag = message.toString('utf8', reader.start, reader.start + reader.length)
    const body = reader.read(entries)
    const kind: number = reader.kind
    switch (kind) {
      case MsgpackKind.array:
        return await this.#forward(tag, message, body, length)
      case MsgpackKind.text:
      case MsgpackKind.binary:
        return await this.#packed(
          tag,
          message.subarray(reader.start, reader.start + reader.length),
          body,
          length,
        )
      default: {
        const gathered = await this.#gather(tag)
        const next = this.#event(entries, gathered)
        const pause = gathered.end(this.#timeMs)
        if (pause) await pause
        this.#note(this.#options(message, next, length - 3))
      }
    }
  }

  /** Resolves once everything is safe. */
  async finish(): Promise<void> {
    for (const gathered of this.#gathered.values()) await gathered.finish()
    this.#gathered.clear()
  }

  /** What may be acknowledged after `finish`. */
  done(): readonly string[] {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }

  async #forward(tag: string, message: Buffer, from: number, length: number): Promise<void> {
    const count = this.#reader.length
    const end = await this.#events(tag, message, from, count)
    this.#note(this.#options(message, end, length - 2))
  }

  async #packed(tag: string, entries: Buffer, optionsAt: number, length: number): Promise<void> {
    const options = this.#options(this.#reader.bytes, optionsAt, length - 2)
    const compressed = options?.get('compressed')
    if (isLogs(options)) {
      if (compressed === undefined || compressed === null || compressed === 'text')
        await this.#events(tag, entries, 0, Number.POSITIVE_INFINITY)
      else await this.#compressed(tag, entries, String(compressed))
    } else {
      this.#meters.refused(
        'malformed',
        `${this.#host.key}: metrics and traces are not taken`,
        this.#peer.remoteAddress,
      )
    }
    this.#note(options)
  }

  async #compressed(tag: string, entries: Buffer, coding: string): Promise<void> {
    if (coding !== 'gzip' && coding !== 'zstd')
      throw new Refused('malformed', `expected gzip or zstd, got ${JSON.stringify(coding.slice(0, 40))}`)
    using allowance = new Allowance(this.#host.budget)
    const plain = new BodyBuffer(this.#config.maxMessageBytes, allowance)
    try {
      await decompress(entries, coding, plain)
    } catch (error) {
      throw error instanceof HttpRefused ? refusedAs(error) : error
    }
    await this.#events(tag, plain.bytes, 0, Number.POSITIVE_INFINITY)
  }

  /** Takes so many events, or all up to the end; gives where they end. */
  async #events(tag: string, bytes: Buffer, from: number, count: number): Promise<number> {
    this.#reader.open(bytes)
    const gathered = await this.#gather(tag)
    let at = from
    for (let i = 0; i < count && (at < bytes.length || count !== Number.POSITIVE_INFINITY); i++) {
      if (i % EVENTS_PER_STEP === 0) {
        const pause = this.#host.slice()
        if (pause) await pause
      }
      const head = this.#reader.read(at)
      if (this.#reader.kind !== MsgpackKind.array || this.#reader.length !== 2)
        throw new Refused('malformed', 'expected an event: a list of a time and a record')
      at = this.#event(head, gathered)
      const full = gathered.end(this.#timeMs)
      if (full) await full
    }
    return at
  }

  #timeMs = Number.NaN

  /** Writes the record of the event whose time is at `at`; gives where it ends. */
  #event(at: number, gathered: Gathered): number {
    const { out } = gathered
    const before = out.length
    try {
      return this.#writeEvent(at, out)
    } catch (error) {
      out.length = before
      throw error
    }
  }

  #writeEvent(at: number, out: ByteWriter): number {
    const reader = this.#reader
    let next = reader.read(at)
    let metadataAt = -1
    if (reader.kind === MsgpackKind.array && reader.length === 2) {
      // Fluent Bit's second form: [[time, metadata], record].
      metadataAt = reader.read(next)
      this.#timeMs = this.#time()
      next = this.#skip(metadataAt)
    } else this.#timeMs = this.#time()
    next = reader.read(next)
    if (reader.kind !== MsgpackKind.map) throw new Refused('malformed', 'expected a record, which is a map')
    const isEmpty = reader.length === 0
    out.byte(0x7b)
    next = writeMembers(reader, next, out, this.#json)
    if (metadataAt >= 0 && this.#config.metadataField !== '') this.#addMetadata(metadataAt, out, isEmpty)
    return next
  }

  /** Puts it behind the last member. */
  #addMetadata(at: number, out: ByteWriter, isEmpty: boolean): void {
    const reader = this.#reader
    reader.read(at)
    if (reader.kind !== MsgpackKind.map || reader.length === 0) return
    out.length--
    if (!isEmpty) out.byte(0x2c)
    out.text(this.#config.metadataField, 'utf8')
    out.byte(0x3a)
    writeJson(reader, at, out, this.#json)
    out.byte(0x7d)
  }

  /** Behind the value at `at`, which is read to be left out. */
  #skip(at: number): number {
    return readValue(this.#reader, at).next
  }

  /** Of the value read last: an EventTime, or seconds. */
  #time(): number {
    const reader = this.#reader
    switch (reader.kind) {
      case MsgpackKind.integer:
      case MsgpackKind.float:
        return reader.number * 1000
      case MsgpackKind.extension: {
        const timeMs = eventTimeMs(reader)
        if (!Number.isNaN(timeMs)) return timeMs
      }
    }
    throw new MsgpackError('an event without a time')
  }

  #options(message: Buffer, at: number, count: number): Options | undefined {
    if (count <= 0) return undefined
    const { value } = readValue(new MsgpackReader().open(message), at)
    return value instanceof Map ? value : undefined
  }

  #note(options: Options | undefined): void {
    const chunk = options?.get('chunk')
    if (chunk === undefined || chunk === null) return
    const name = Buffer.isBuffer(chunk) ? chunk.toString('latin1') : String(chunk)
    if (name.length > MAX_CHUNK_NAME) throw new Refused('malformed', 'the name of a chunk is too long')
    this.#chunks.push(name)
  }

  async #gather(tag: string): Promise<Gathered> {
    const known = this.#gathered.get(tag)
    if (known) return known
    if (this.#gathered.size >= MAX_TAGS) await this.finish()
    const host = this.#host
    const origin = {
      input: host.name,
      path: this.#peer.remoteAddress,
      tag: this.#config.tag === undefined ? tag : host.tag(tag),
    }
    const gathered = new Gathered(origin, host, async lines => {
      await host.sink(lines)
      this.#meters.records.inc(lines.count)
    })
    this.#gathered.set(tag, gathered)
    return gathered
  }
}

function isBytes(kind: number): boolean {
  return kind === MsgpackKind.text || kind === MsgpackKind.binary
}

/** Fluent Bit says of metrics and traces that they are none. */
function isLogs(options: Options | undefined): boolean {
  return Number(options?.get('fluent_signal') ?? 0) === 0
}

function refusedAs({ reason, message }: HttpRefused): Refused {
  return new Refused(reason === 'busy' || reason === 'too_large' ? reason : 'malformed', message)
}
