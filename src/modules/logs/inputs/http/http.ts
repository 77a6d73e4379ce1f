import type { ServerRequest } from '../../../../http/server/request.ts'
import { inTurns } from '../../../../kernel/long-work.ts'
import { Kind, OPEN_BRACE, OPEN_BRACKET, skipSpace } from '../../../../wire/json/bytes.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import type { Gathered } from '../gathered.ts'
import { type Answer, textAnswer } from '../http-server/answer.ts'
import { copyOnOneLine, splitJson } from '../http-server/json-records.ts'
import { methodNotAllowed, Refused } from '../http-server/refusal.ts'
import { type Received, type Route, type Service, startHttpInput } from '../http-server/server.ts'
import type { Input, InputHost } from '../input.ts'
import type { HttpConfig } from './config.ts'

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPES = new Set([
  'application/json',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/json-lines',
  FORM,
])

/** Forms are read into objects, which take many times their room. */
const MAX_FORM_BYTES = 64 * 1024

/** Takes JSON objects that are POSTed: one, an array of them, one a line. */
export async function startHttp(config: HttpConfig, host: InputHost): Promise<Input> {
  return await startHttpInput({ config, service: new HttpService(config, host) }, host)
}

class HttpService implements Service {
  readonly #config: HttpConfig
  readonly #host: InputHost
  readonly #answer: Answer
  readonly #route: Route = { bringsRecords: true, answer: received => this.#take(received) }

  constructor(config: HttpConfig, host: InputHost) {
    this.#config = config
    this.#host = host
    this.#answer = { status: config.successStatus, headers: config.successHeaders }
  }

  route({ method, headers }: ServerRequest): Route {
    if (method !== 'POST' && method !== 'PUT') throw methodNotAllowed('POST')
    const type = mediaType(headers.get('content-type'))
    if (!JSON_TYPES.has(type))
      throw new Refused(
        'content_type',
        415,
        `expected the content type application/json, application/x-ndjson or ${FORM}, got ${JSON.stringify(type.slice(0, 80))}`,
      )
    return this.#route
  }

  refusal({ status, message, headers }: Refused): Answer {
    return textAnswer(status, message, headers)
  }

  async #take({ request, body, intake }: Received): Promise<Answer> {
    const text = isForm(request, body) ? formRecord(body) : body
    const { count, starts, ends } = await inTurns(splitJson(text), this.#host.slice)
    if (count === 0) throw new Refused('malformed', 400, 'the body holds no record')
    const edit = new RecordEdit(this.#config, request)
    const ownTag = this.#tagOf(request.path)
    const gathered = intake.byTag()
    for (let i = 0; i < count; i++) {
      const pause = this.#host.slice()
      if (pause) await pause
      edit.open(text, starts[i], ends[i])
      const batch = await gathered.of(request.path, edit.tag || ownTag)
      edit.writeTo(batch)
      await batch.end(Number.NaN)
    }
    await gathered.finish()
    return this.#answer
  }

  #tagOf(path: string): string {
    if (this.#config.tagFromPath && path.length > 1) return path.slice(1).replaceAll(/[^A-Za-z0-9_.]/g, '_')
    return this.#host.tag(path) || this.#host.name
  }
}

/** What is done to each record of a request before it goes its way. */
class RecordEdit {
  /** What the record says its tag is; empty when it says nothing. */
  tag = ''
  readonly #record: JsonRecord | undefined
  readonly #tagPath
  readonly #addressPath
  readonly #address: Buffer
  readonly #value = new ValueSpan()
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  constructor({ tagField, remoteAddressField, trustForwardedFor }: HttpConfig, request: ServerRequest) {
    const forwarded = trustForwardedFor
      ? request.headers.get('x-forwarded-for')?.split(',')[0].trim()
      : undefined
    this.#address = Buffer.from(JSON.stringify(forwarded || request.remoteAddress))
    this.#tagPath = tagField === undefined ? undefined : keyPathOf([tagField])
    this.#addressPath = remoteAddressField === undefined ? undefined : keyPathOf([remoteAddressField])
    this.#record = this.#tagPath || this.#addressPath ? new JsonRecord() : undefined
  }

  open(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    const record = this.#record
    if (record === undefined) return
    record.open(bytes, start, end)
    this.tag = ''
    if (this.#tagPath && record.locate(this.#tagPath, this.#value) && this.#value.kind === Kind.string)
      this.tag = this.#value.text()
    if (this.#addressPath) record.set(this.#addressPath, this.#address)
  }

  writeTo({ out }: Gathered): void {
    if (this.#record?.changed !== true) {
      copyOnOneLine(out, this.#bytes, this.#start, this.#end)
      return
    }
    const from = out.length
    this.#record.writeTo(out)
    const end = out.length
    out.length = from
    copyOnOneLine(out, out.bytes, from, end)
  }
}

/** Some programs, curl first of all, say that everything is a form. */
function isForm({ headers }: ServerRequest, body: Buffer): boolean {
  if (mediaType(headers.get('content-type')) !== FORM) return false
  const first = body[skipSpace(body, 0, body.length)]
  return first !== OPEN_BRACE && first !== OPEN_BRACKET
}

/** The fields of a form as a record; of several with one name the last one counts. */
function formRecord(body: Buffer): Buffer {
  if (body.length > MAX_FORM_BYTES)
    throw new Refused('too_large', 413, `a form may have ${MAX_FORM_BYTES} bytes`)
  const fields = Object.fromEntries(new URLSearchParams(body.toString('utf8')))
  return Buffer.from(Object.keys(fields).length === 0 ? '' : JSON.stringify(fields))
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';')[0].trim().toLowerCase()
}
