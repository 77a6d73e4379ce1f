import { encodeRequestHead } from '../../wire/http1/encode.ts'
import { type HeaderInit, HeaderList } from '../../wire/http1/headers.ts'

export type RequestBody = Buffer | readonly Buffer[] | AsyncIterable<Buffer>

export interface ClientRequest {
  readonly method: string
  /** With its query, percent-encoded. */
  readonly path: string
  /** Host, Content-Length and Transfer-Encoding are made when they are not given. */
  readonly headers?: HeaderInit
  readonly body?: RequestBody
  /** From the call to the last byte of the response; none when absent. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** May be sent once more when a kept connection turns out to be closed. Default: the method is idempotent. */
  readonly replayable?: boolean
}

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** A request made ready for the wire, once, however often it is sent. */
export interface PreparedRequest {
  readonly method: string
  readonly head: string
  /** What stands in the head, when its maker has it at hand: HTTP/2 sends it so. */
  readonly fields?: HeaderList
  readonly buffers: readonly Buffer[]
  readonly stream: AsyncIterable<Buffer> | undefined
  readonly chunked: boolean
  /** The body comes through `put`. */
  readonly pushed: boolean
  /** The answer may be the beginning of another protocol (Upgrade, CONNECT). */
  readonly switches: boolean
  readonly replayable: boolean
  readonly close: boolean
}

/** Throws HeaderInjectionError for a method, path or header that would break the head. */
export function prepareRequest(request: ClientRequest, authority: string): PreparedRequest {
  const { method, body } = request
  const given = HeaderList.from(request.headers ?? {})
  const fields = new HeaderList()
  fields.append('Host', given.get('host') ?? authority)
  for (const [name, value] of given) {
    const lower = name.toLowerCase()
    if (lower !== 'host' && lower !== 'transfer-encoding') fields.append(name, value)
  }
  const stream = isStream(body) ? body : undefined
  const buffers: readonly Buffer[] =
    body === undefined || stream !== undefined
      ? []
      : Buffer.isBuffer(body)
        ? [body]
        : (body as readonly Buffer[])
  const declared = fields.has('content-length')
  const chunked = stream !== undefined && !declared
  if (chunked) fields.append('Transfer-Encoding', 'chunked')
  else if (stream === undefined) setLength(fields, method, body, buffers)
  return {
    method,
    head: encodeRequestHead(method, request.path, fields),
    buffers,
    stream,
    chunked,
    pushed: false,
    switches: false,
    replayable: stream === undefined && (request.replayable ?? IDEMPOTENT.has(method)),
    close: fields.lists('connection', 'close'),
  }
}

function setLength(
  fields: HeaderList,
  method: string,
  body: RequestBody | undefined,
  buffers: readonly Buffer[],
): void {
  let length = 0
  for (const buffer of buffers) length += buffer.length
  if (body !== undefined || METHODS_WITH_BODY.has(method)) fields.set('Content-Length', String(length))
  else fields.delete('content-length')
}

function isStream(body: RequestBody | undefined): body is AsyncIterable<Buffer> {
  return typeof body === 'object' && Symbol.asyncIterator in body
}
