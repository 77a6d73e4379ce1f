import type { ServerRequest } from '../../../../http/server/request.ts'
import { Kind } from '../../../../wire/json/bytes.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { type Answer, jsonAnswer } from '../http-server/answer.ts'
import { MAX_RECORDS } from '../http-server/json-records.ts'
import { Refused } from '../http-server/refusal.ts'
import { type Received, type Route, type Service, startHttpInput } from '../http-server/server.ts'
import type { Input, InputHost } from '../input.ts'
import { type Operation, readBulk } from './bulk.ts'
import type { ElasticsearchInputConfig } from './config.ts'
import { Documents } from './documents.ts'
import { handshake, PRODUCT } from './handshakes.ts'

/** `/_bulk`, `/logs/_bulk`, `/logs/_doc`, `/logs/_doc/1`, `/logs/_create/1`. */
const WRITE = /^(?:\/([^/]+))?\/_(bulk|doc|create)(?:\/([^/]+))?\/?$/
/** What an item's answer has besides the names that came with it. */
const ANSWER_BYTES = 100

/** Stands in for Elasticsearch before those that ship to it: takes `_bulk` requests and single documents. */
export async function startElasticsearch(config: ElasticsearchInputConfig, host: InputHost): Promise<Input> {
  return await startHttpInput({ config, service: new ElasticsearchService(config, host) }, host)
}

class ElasticsearchService implements Service {
  readonly #config: ElasticsearchInputConfig
  readonly #host: InputHost

  constructor(config: ElasticsearchInputConfig, host: InputHost) {
    this.#config = config
    this.#host = host
  }

  route(request: ServerRequest): Route {
    const { method, path } = request
    const hello = handshake(request, this.#config.version)
    if (hello !== undefined) return { bringsRecords: false, answer: () => hello }
    const [, index = '', endpoint, id = ''] = WRITE.exec(path) ?? []
    if (endpoint === undefined || (method !== 'POST' && method !== 'PUT'))
      throw new Refused(
        'not_found',
        400,
        `no handler found for uri [${path.slice(0, 200)}] and method [${method}]`,
      )
    const target = decodeName(index)
    const answer =
      endpoint === 'bulk'
        ? (received: Received) => this.#bulk(received, target)
        : (received: Received) =>
            this.#document(received, endpoint === 'doc' ? 'index' : 'create', target, decodeName(id))
    return { bringsRecords: true, answer }
  }

  refusal({ reason, status, message, headers }: Refused): Answer {
    const type =
      reason === 'busy'
        ? 'es_rejected_execution_exception'
        : reason === 'unauthorized'
          ? 'security_exception'
          : 'illegal_argument_exception'
    const code = reason === 'busy' ? 429 : status
    const error = { type, reason: message }
    return jsonAnswer(
      code,
      { error: { root_cause: [error], ...error }, status: code },
      { ...PRODUCT, ...headers },
    )
  }

  async #bulk({ request, body, intake, reserve }: Received, index: string): Promise<Answer> {
    let count = 0
    // All actions are looked at before the first record is taken: a request is refused as a whole.
    for (const _ of readBulk(body)) {
      const pause = this.#host.slice()
      if (pause) await pause
      if (++count > MAX_RECORDS)
        throw new Refused('too_large', 413, `a request may bring ${MAX_RECORDS} records`)
    }
    if (count === 0) throw new Refused('malformed', 400, 'request body is required')
    reserve(body.length + count * (ANSWER_BYTES + index.length))
    const isShort = request.query.has('filter_path')
    const documents = new Documents(this.#config, this.#host, intake)
    const items: string[] = []
    let errors = false
    for (const item of readBulk(body)) {
      const pause = this.#host.slice()
      if (pause) await pause
      const answer = await documents.take(body, item, item.index || index)
      errors ||= answer.error !== undefined
      items.push(
        JSON.stringify({
          [item.operation]: isShort ? { status: answer.status, error: answer.error } : answer,
        }),
      )
    }
    await documents.finish()
    return {
      status: 200,
      headers: { 'Content-Type': 'application/json', ...PRODUCT },
      body: `{"took":0,"errors":${errors},"items":[${items.join(',')}]}`,
    }
  }

  async #document(
    { body, intake }: Received,
    operation: Operation,
    index: string,
    id: string,
  ): Promise<Answer> {
    const named = { [operation]: { _index: index, ...(id !== '' && { _id: id }) } }
    const bytes = Buffer.from(JSON.stringify(named))
    const action = new ValueSpan().at(bytes, 0, bytes.length, Kind.object)
    const documents = new Documents(this.#config, this.#host, intake)
    const answer = await documents.take(
      body,
      { operation, action, index, id, start: 0, end: body.length },
      index,
    )
    await documents.finish()
    const { error, status } = answer
    return jsonAnswer(
      status,
      error === undefined ? answer : { error: { root_cause: [error], ...error }, status },
      PRODUCT,
    )
  }
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
