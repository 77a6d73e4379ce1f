import type { ServerRequest } from '../../../../http/server/request.ts'
import { inTurns } from '../../../../kernel/long-work.ts'
import { CLOSE_BRACE, COMMA, Kind } from '../../../../wire/json/bytes.ts'
import { keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { type Answer, jsonAnswer } from '../http-server/answer.ts'
import { KnownSecrets } from '../http-server/authentication.ts'
import { copyOnOneLine, splitJson } from '../http-server/json-records.ts'
import { methodNotAllowed, Refused } from '../http-server/refusal.ts'
import { type Received, type Route, type Service, startHttpInput } from '../http-server/server.ts'
import type { Input, InputHost } from '../input.ts'
import { healthAnswer, refusalAnswer, refuse } from './codes.ts'
import type { SplunkInputConfig } from './config.ts'
import { epochMs, HecEvent } from './event.ts'

const PATH = /^\/services\/collector(?:\/(event|raw|health|ack)(?:\/1\.0)?)?\/?$/
const CHANNEL = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** A question about acknowledgements is small. */
const MAX_QUESTION_BYTES = 64 * 1024
/** What may be told of raw text in its URL. */
const RAW_FIELDS = ['host', 'source', 'sourcetype', 'index'] as const

/** Stands in for Splunk's HTTP Event Collector. */
export async function startSplunk(config: SplunkInputConfig, host: InputHost): Promise<Input> {
  return await startHttpInput({ config, service: new SplunkService(config, host) }, host)
}

class SplunkService implements Service {
  readonly #config: SplunkInputConfig
  readonly #host: InputHost
  readonly #tokens: KnownSecrets
  /** Requests are answered when they are safe: each number below this one stands for one that is. */
  #nextAck = 0

  constructor(config: SplunkInputConfig, host: InputHost) {
    this.#config = config
    this.#host = host
    this.#tokens = new KnownSecrets(config.tokens.map(token => token.reveal()))
  }

  route({ method, path }: ServerRequest): Route {
    const match = PATH.exec(path)
    if (match === null) throw new Refused('not_found', 404, 'there is no such path')
    const endpoint = match[1] ?? 'event'
    if (endpoint === 'health') {
      if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed('GET')
      return { isOpen: true, bringsRecords: false, answer: ({ intake }) => healthAnswer(intake.isStuck) }
    }
    if (method !== 'POST') throw methodNotAllowed('POST')
    if (endpoint === 'ack')
      return { bringsRecords: false, answer: ({ request, body }) => this.#acknowledge(request, body) }
    const takeJson = this.#config.records === 'envelopes' ? this.#takeEnvelopes : this.#takeEvents
    const take = endpoint === 'raw' ? this.#takeRaw : takeJson
    return { bringsRecords: true, answer: received => this.#answer(received, take) }
  }

  readonly authorize = (request: ServerRequest): void => {
    if (this.#tokens.size === 0) return
    const given = this.#tokenOf(request)
    if (!this.#tokens.has(given)) throw refuse('invalidToken')
  }

  refusal(refused: Refused): Answer {
    return refusalAnswer(refused)
  }

  /** What the request shows as its token: `Splunk <token>`, or the password of basic authentication. */
  #tokenOf({ headers, query }: ServerRequest): string {
    const authorization = headers.get('authorization')
    if (authorization === undefined) {
      const inQuery = query.get('token')
      if (inQuery === null) throw refuse('tokenRequired')
      if (!this.#config.queryToken) throw refuse('queryTokenDisabled')
      return inQuery
    }
    const [, scheme = '', credentials = ''] = /^([a-z]+) +(\S+) *$/i.exec(authorization) ?? []
    if (scheme.toLowerCase() === 'splunk') return credentials
    if (scheme.toLowerCase() !== 'basic') throw refuse('invalidAuthorization')
    const pair = Buffer.from(credentials, 'base64').toString('utf8')
    return pair.slice(pair.indexOf(':') + 1)
  }

  async #answer(
    received: Received,
    take: (received: Received, more: Buffer) => Promise<void>,
  ): Promise<Answer> {
    const { request, body } = received
    if (this.#config.acknowledge) checkChannel(request)
    if (body.length === 0) throw refuse('noData')
    await take(received, this.#membersFor(request))
    const ack = this.#config.acknowledge ? { ackId: this.#nextAck++ } : {}
    return jsonAnswer(this.#config.successStatus, { text: 'Success', code: 0, ...ack })
  }

  /** Members that each record gets besides its own. */
  #membersFor(request: ServerRequest): Buffer {
    const { tokenField } = this.#config
    const hasToken = request.headers.has('authorization') || request.query.has('token')
    if (tokenField === undefined || !hasToken) return Buffer.alloc(0)
    return Buffer.from(`${JSON.stringify(tokenField)}:${JSON.stringify(this.#tokenOf(request))}`)
  }

  /** What stands for `*` in the tag. */
  #pathOf({ path }: ServerRequest, sourcetype: string | null): string {
    if (this.#config.tagFrom === 'path') return path.replace(/^\/+/, '').replaceAll(/[^A-Za-z0-9_.]/g, '_')
    return sourcetype || 'splunk'
  }

  /** Each object is a record as it came. */
  readonly #takeEnvelopes = async ({ request, body, intake }: Received, more: Buffer): Promise<void> => {
    const { slice } = this.#host
    const { tagField } = this.#config
    const { count, starts, ends } = await inTurns(splitJson(body), slice)
    if (count === 0) throw refuse('noData')
    const tagPath = tagField === undefined ? undefined : keyPathOf([tagField])
    const [record, tag] = [new JsonRecord(), new ValueSpan()]
    const gathered = intake.byTag()
    for (let i = 0; i < count; i++) {
      const pause = slice()
      if (pause) await pause
      record.open(body, starts[i], ends[i])
      const path = this.#pathOf(request, null)
      const isTagged = tagPath !== undefined && record.locate(tagPath, tag) && tag.kind === Kind.string
      const batch = await gathered.of(path, isTagged ? tag.text() : this.#host.tag(path))
      // Without its last brace, which stands behind what is added.
      copyOnOneLine(batch.out, body, starts[i], ends[i] - 1)
      if (more.length > 0) {
        if (record.count > 0) batch.out.byte(COMMA)
        batch.out.copy(more, 0, more.length)
      }
      batch.out.byte(CLOSE_BRACE)
      await batch.end(Number.NaN)
    }
    await gathered.finish()
  }

  readonly #takeEvents = async ({ request, body, intake }: Received, more: Buffer): Promise<void> => {
    const { slice } = this.#host
    const { count, starts, ends } = await inTurns(splitJson(body), slice)
    if (count === 0) throw refuse('noData')
    const event = new HecEvent(this.#config.eventField, this.#config.tagField)
    // Each is looked at before the first is taken: a request is refused as a whole.
    for (let i = 0; i < count; i++) {
      const pause = slice()
      if (pause) await pause
      event.open(body, starts[i], ends[i], i)
    }
    const gathered = intake.byTag()
    for (let i = 0; i < count; i++) {
      const pause = slice()
      if (pause) await pause
      event.open(body, starts[i], ends[i], i)
      const path = this.#pathOf(request, event.sourcetype)
      const batch = await gathered.of(path, event.tag || this.#host.tag(path))
      event.writeTo(batch.out, more)
      await batch.end(event.timeMs)
    }
    await gathered.finish()
  }

  /** Each line is an event. */
  readonly #takeRaw = async ({ request, body, intake }: Received, more: Buffer): Promise<void> => {
    const { query } = request
    const timeMs = query.has('time') ? epochMs(query.get('time') ?? '') : Number.NaN
    const told = RAW_FIELDS.flatMap(name =>
      query.get(name) ? [`"${name}":${JSON.stringify(query.get(name))}`] : [],
    )
    const behind = Buffer.from(
      `${[...told, ...(more.length > 0 ? [more.toString()] : [])].map(member => `,${member}`).join('')}}`,
    )
    const front = Buffer.concat([Buffer.from('{'), keyOf(this.#config.eventField).quoted, Buffer.from(':')])
    const path = this.#pathOf(request, query.get('sourcetype'))
    const batch = intake.gather(path, this.#host.tag(path))
    let count = 0
    for (let at = 0; at < body.length; ) {
      const pause = this.#host.slice()
      if (pause) await pause
      const lineFeed = body.indexOf(LINE_FEED, at)
      const next = lineFeed < 0 ? body.length : lineFeed
      const end = next > at && body[next - 1] === CARRIAGE_RETURN ? next - 1 : next
      if (end > at) {
        count++
        batch.out.copy(front, 0, front.length)
        batch.out.string(body, at, end)
        batch.out.copy(behind, 0, behind.length)
        await batch.end(timeMs)
      }
      at = next + 1
    }
    if (count === 0) throw refuse('noData')
    await batch.finish()
  }

  #acknowledge(request: ServerRequest, body: Buffer): Answer {
    if (!this.#config.acknowledge) throw refuse('ackDisabled')
    checkChannel(request)
    const ids = readQuestion(body)
    if (ids === undefined) throw refuse('invalidFormat')
    return jsonAnswer(200, { acks: Object.fromEntries(ids.map(id => [id, id < this.#nextAck])) })
  }
}

/** Throws Refused unless the request names its channel, a GUID. */
function checkChannel({ headers, query }: ServerRequest): void {
  const channel = headers.get('x-splunk-request-channel') ?? query.get('channel')
  if (channel === null) throw refuse('channelMissing')
  if (!CHANNEL.test(channel)) throw refuse('channelInvalid')
}

/** The numbers of `{"acks": [1, 2]}`. */
function readQuestion(body: Buffer): readonly number[] | undefined {
  if (body.length > MAX_QUESTION_BYTES) return undefined
  try {
    const { acks } = JSON.parse(body.toString('utf8')) as { acks?: unknown }
    const isList = Array.isArray(acks) && acks.every(id => Number.isSafeInteger(id) && id >= 0)
    return isList ? (acks as number[]) : undefined
  } catch {
    return undefined
  }
}
