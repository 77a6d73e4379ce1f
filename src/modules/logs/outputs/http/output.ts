import { hostname } from 'node:os'
import type { AwsSigner } from '../../../../backends/aws/signer.ts'
import { HttpAuth, revealed } from '../../../../backends/http/auth.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import type { ByteWriter } from '../../../../wire/json/writer.ts'
import { writeFromJson } from '../../../../wire/msgpack/from-json.ts'
import { MsgpackWriter } from '../../../../wire/msgpack/writer.ts'
import type { Slice } from '../../batch.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import { type Body, type BodyFrame, type BodyPlan, makeBodies } from '../bodies.ts'
import { compress } from '../compression.ts'
import { excerpt, outcomeOf } from '../http-status.ts'
import { unescapeInto } from '../message-field.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { RecordJson } from '../record-json.ts'
import { type PartOutcome, sendRequests } from '../requests.ts'
import { selectRecords } from '../selection.ts'
import type { HttpConfig } from './config.ts'
import { headersIn, headerValue } from './record-headers.ts'

/** Sends records to any HTTP server. */
export const openHttp: OpenOutput<HttpConfig> = async (config, host) => {
  const { aws } = config
  if (!aws) return new HttpOutput(config, host, undefined)
  const { AwsSigner } = await import('../../../../backends/aws/signer.ts')
  const signer = new AwsSigner({ config: aws, host, key: `${host.key}.aws`, service: aws.service })
  return new HttpOutput(config, host, signer)
}

/** Where the records of a request go. */
interface Target {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

const nothing = Buffer.alloc(0)
const comma = Buffer.from(',')
const lineFeed = Buffer.from('\n')

const contentTypes: Readonly<Record<HttpConfig['format'], string>> = {
  json: 'application/json',
  json_lines: 'application/x-ndjson',
  json_stream: 'application/json',
  msgpack: 'application/msgpack',
  field: 'text/plain; charset=utf-8',
}

class HttpOutput implements Output {
  readonly limits: Limits
  readonly #config: HttpConfig
  readonly #host: OutputHost
  readonly #peer: HttpPeer
  readonly #auth: HttpAuth
  readonly #signer: AwsSigner | undefined
  readonly #headers: Readonly<Record<string, string>>
  readonly #frame: BodyFrame
  readonly #targetOf: (view: RecordView) => { readonly id: string; readonly key: Target }
  readonly #field: KeyPath | undefined

  constructor(config: HttpConfig, host: OutputHost, signer: AwsSigner | undefined) {
    this.#signer = signer
    this.#config = config
    this.#host = host
    this.#frame = frameOf(config)
    this.#targetOf = targets(config)
    this.#field = config.bodyField === undefined ? undefined : keyPathOf(fieldPath(config.bodyField))
    this.#auth = new HttpAuth(config.auth, `${host.key}.auth`, host.clock)
    const { compress, contentType = contentTypes[config.format] } = config
    this.#headers = {
      'content-type': contentType,
      ...revealed(config.headers),
      ...(compress === 'none' ? {} : { 'content-encoding': compress }),
    }
    // A time and a comma for each record; what the time field's name adds is a matter of a few bytes.
    const overhead = Math.floor(config.maxBodyBytes / 10)
    this.limits = {
      maxBytes: config.maxBodyBytes - overhead,
      maxRecords: config.maxRecords,
      maxAgeMs: config.flushIntervalMs,
      concurrency: config.concurrency,
    }
    this.#peer = new HttpPeer(host, {
      url: config.url,
      urlKey: `${host.key}.url`,
      tls: config.tls,
      tlsKey: `${host.key}.tls`,
      maxConnections: config.concurrency,
      idleTimeoutMs: 20_000,
      timeoutMs: config.timeoutMs,
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const json = new RecordJson(this.#config.time)
    const events = this.#config.format === 'msgpack' ? new MsgpackWriter() : undefined
    const missing: number[] = []
    const plan: BodyPlan<Target> = {
      frame: this.#frame,
      keyOf: this.#targetOf,
      write: (view, out, ordinal) => {
        const field = this.#field
        if (events) writeEvent(view, json, events, out)
        else if (field === undefined) json.write(view, out)
        else if (!writeField(view, field, json, out)) {
          missing.push(ordinal)
          return false
        }
        return true
      },
    }
    const bodies = await makeBodies(slices, plan, this.#host)
    if (json.replaced > 0) this.#host.invalidUtf8.inc(json.replaced)
    const outcome = await sendRequests(slices, bodies, body => this.#request(body, signal))
    if (missing.length === 0 || outcome.kind !== 'done') return outcome
    const reason = `the record has no field ${this.#config.bodyField} (${this.#host.key}.bodyField)`
    const rejected = [...(outcome.rejected ?? []), { slices: selectRecords(slices, missing), reason }]
    return { ...outcome, rejected }
  }

  async #request({ key, bytes }: Body<Target>, signal: AbortSignal): Promise<PartOutcome> {
    const { method, compress: how, rejectStatuses } = this.#config
    const auth = await this.#auth.headers()
    if ('failure' in auth) return auth.failure
    const body = await compress(bytes, how, this.#host)
    const given = { ...this.#headers, ...auth.headers, ...key.headers }
    const signed = await this.#signed({ method, path: key.path, headers: given, body })
    if ('failure' in signed) return signed.failure
    const answer = await this.#peer.request(
      { method, path: key.path, headers: signed.headers, body, maxAnswerBytes: 1024 * 1024 },
      signal,
    )
    if ('failure' in answer) return answer.failure
    if (answer.status === 401) this.#auth.forget()
    if (answer.status === 401 || answer.status === 403) this.#signer?.forget()
    return outcomeOf(answer.status, excerpt(answer.body), {
      urlKey: `${this.#host.key}.url`,
      mendAuth: this.#signer?.mend ?? this.#auth.mend,
      afterMs: parseRetryAfter(answer.header('retry-after'), this.#host.clock.now()),
      rejects: rejectStatuses,
    })
  }

  async #signed(request: {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: Buffer
  }): Promise<{ readonly headers: Readonly<Record<string, string>> } | { readonly failure: FailedOutcome }> {
    if (!this.#signer) return request
    const [path, query = ''] = request.path.split('?')
    const headers = { ...request.headers, host: new URL(this.#config.url).host }
    return await this.#signer.sign({ ...request, path, query, headers })
  }
}

function frameOf({ format, body }: HttpConfig): BodyFrame {
  switch (format) {
    case 'json': {
      const [before, behind] = (body ?? '{records}').split('{records}')
      return { open: Buffer.from(`${before}[`), between: comma, close: Buffer.from(`]${behind}`) }
    }
    case 'json_lines':
      return { open: nothing, between: lineFeed, close: lineFeed }
    case 'json_stream':
    case 'msgpack':
      return { open: nothing, between: nothing, close: nothing }
    case 'field':
      return { open: nothing, between: nothing, close: nothing, single: true }
  }
}

/** What decides over the request that a record goes into. */
function targets(config: HttpConfig): (view: RecordView) => { readonly id: string; readonly key: Target } {
  const url = new URL(config.url)
  const name = hostname()
  const path =
    config.path === undefined
      ? undefined
      : compileTemplate(config.path, { hostname: name, clean: encodeURIComponent })
  const prefix = path === undefined ? url.pathname : url.pathname.replace(/\/+$/, '')
  const headers: [string, Template][] = Object.entries(config.recordHeaders).map(([header, text]) => [
    header.toLowerCase(),
    compileTemplate(text, { hostname: name, clean: headerValue }),
  ])
  if (config.tagHeader !== undefined)
    headers.push([
      config.tagHeader.toLowerCase(),
      compileTemplate('{$tag}', { hostname: name, clean: headerValue }),
    ])
  const field = config.headersField === undefined ? undefined : keyPathOf(fieldPath(config.headersField))
  const made = new Map<string, { id: string; key: Target }>()
  const fixed = { id: '', key: { path: `${prefix}${path?.fixed ?? ''}${url.search}`, headers: {} } }
  if ((path === undefined || path.fixed !== undefined) && headers.length === 0 && !field) return () => fixed
  return view => {
    const values = headers.map(([header, template]) => [header, template.render(view)] as const)
    const given = [
      ...values.filter(([, value]) => value !== undefined),
      ...(field ? headersIn(view, field) : []),
    ]
    const where = `${prefix}${path?.render(view) ?? ''}${url.search}`
    const id = [where, ...given.flat()].join('\n')
    const known = made.get(id)
    if (known) return known
    // As many as a send may have; a next one begins anew.
    if (made.size > 10_000) made.clear()
    const target = { id, key: { path: where, headers: Object.fromEntries(given) as Record<string, string> } }
    made.set(id, target)
    return target
  }
}

/** Time with its (empty) metadata, and the record. */
function writeEvent(view: RecordView, json: RecordJson, event: MsgpackWriter, out: ByteWriter): void {
  event.out.length = 0
  const text = json.text(view.bytes.subarray(view.start, view.end))
  event.array(2).array(2).eventTime(view.timeMs).map(0)
  writeFromJson(text, 0, text.length, event)
  out.copy(event.out.bytes, 0, event.out.length)
}

function writeField(view: RecordView, field: KeyPath, json: RecordJson, out: ByteWriter): boolean {
  const value = view.find(field)
  if (value === undefined || value.kind === Kind.null) return false
  const { bytes, start, end } = value
  const text = Buffer.allocUnsafe(end - start)
  const length =
    value.kind === Kind.string
      ? unescapeInto(bytes, start + 1, end - 1, text, 0)
      : bytes.copy(text, 0, start, end)
  const whole = json.text(text.subarray(0, length))
  out.copy(whole, 0, whole.length)
  return true
}
