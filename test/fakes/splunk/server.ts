import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { Faults, play, readBody } from '../faults.ts'

/** One event as it was indexed. */
export interface IndexedEvent {
  readonly event: unknown
  readonly time?: number
  readonly host?: string
  readonly source?: string
  readonly sourcetype?: string
  readonly index?: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface FakeSplunkOptions {
  readonly port?: number
  readonly token?: string
  /** Which indices the token may write to; all unless given. */
  readonly indices?: readonly string[]
  /** How often has to be asked until something is acknowledged; without it the token does not acknowledge. */
  readonly acknowledgesAfter?: number
  readonly maxBodyBytes?: number
  /** Called for each event that is taken, before the answer. */
  readonly onEvent?: (event: IndexedEvent) => void
}

export interface FakeSplunk {
  readonly url: string
  readonly port: number
  readonly faults: Faults
  readonly events: readonly IndexedEvent[]
  close(): Promise<void>
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const KEYS = new Set(['event', 'time', 'host', 'source', 'sourcetype', 'index', 'fields'])

/** A collector that refuses what Splunk's refuses, with its codes ("HTTP Event Collector REST API endpoints", "Possible error codes"). */
export async function startFakeSplunk(options: FakeSplunkOptions = {}): Promise<FakeSplunk> {
  const fake = new Collector(options)
  const server = createServer((request, response) => void fake.serve(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults: fake.faults,
    events: fake.events,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Refusal extends Error {
  readonly status: number
  readonly code: number
  readonly event: number | undefined

  constructor(status: number, code: number, text: string, event?: number) {
    super(text)
    this.status = status
    this.code = code
    this.event = event
  }
}

class Collector {
  readonly faults = new Faults()
  readonly events: IndexedEvent[] = []
  readonly #options: FakeSplunkOptions
  /** By channel and number: how often was asked. */
  readonly #asked = new Map<string, number>()
  #nextAck = 0

  constructor(options: FakeSplunkOptions) {
    this.#options = options
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) return
    const sent = await readBody(request, this.#options.maxBodyBytes ?? 1_000_000)
    try {
      if (sent === undefined) throw new Refusal(413, 27, 'Request entity too large')
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
      const answer = this.#answer(request, body)
      if (await play(fault, 'after', request, response)) return
      send(response, 200, answer)
    } catch (error) {
      if (!(error instanceof Refusal)) return send(response, 400, { text: String(error), code: 6 })
      const { status, code, message: text, event } = error
      send(response, status, { text, code, ...(event !== undefined && { 'invalid-event-number': event }) })
    }
  }

  #answer(request: IncomingMessage, body: Buffer): object {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    const [, endpoint] = /^\/services\/collector\/(event|raw|ack)$/.exec(pathname) ?? []
    if (endpoint === undefined || request.method !== 'POST')
      throw new Refusal(404, 404, 'The requested URL was not found')
    this.#authorize(request.headers.authorization)
    const channel = this.#channelOf(request, searchParams)
    if (endpoint === 'ack') return this.#acknowledgements(channel, body)
    if (body.length === 0) throw new Refusal(400, 5, 'No data')
    const events = endpoint === 'raw' ? rawEvents(body, searchParams) : this.#readEvents(body)
    for (const event of events) {
      this.events.push(event)
      this.#options.onEvent?.(event)
    }
    if (this.#options.acknowledgesAfter === undefined) return { text: 'Success', code: 0 }
    const ackId = this.#nextAck++
    this.#asked.set(`${channel} ${ackId}`, 0)
    return { text: 'Success', code: 0, ackId }
  }

  #authorize(authorization: string | undefined): void {
    const { token } = this.#options
    if (token === undefined) return
    if (authorization === undefined) throw new Refusal(401, 2, 'Token is required')
    if (!/^(Splunk|Basic) \S+$/.test(authorization)) throw new Refusal(401, 3, 'Invalid authorization')
    const basic = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`
    if (authorization !== `Splunk ${token}` && authorization !== basic)
      throw new Refusal(403, 4, 'Invalid token')
  }

  #channelOf({ headers }: IncomingMessage, query: URLSearchParams): string {
    const channel = headers['x-splunk-request-channel'] ?? query.get('channel')
    if (this.#options.acknowledgesAfter === undefined && channel === null) return ''
    if (channel === null) throw new Refusal(400, 10, 'Data channel is missing')
    if (!GUID.test(String(channel))) throw new Refusal(400, 11, 'Invalid data channel')
    return String(channel)
  }

  #acknowledgements(channel: string, body: Buffer): object {
    const { acknowledgesAfter } = this.#options
    if (acknowledgesAfter === undefined) throw new Refusal(400, 14, 'ACK is disabled')
    const { acks } = JSON.parse(body.toString()) as { acks: number[] }
    const told = acks.map(id => {
      const name = `${channel} ${id}`
      const asked = this.#asked.get(name)
      if (asked !== undefined) this.#asked.set(name, asked + 1)
      return [id, asked !== undefined && asked >= acknowledgesAfter]
    })
    return { acks: Object.fromEntries(told) }
  }

  #readEvents(body: Buffer): IndexedEvent[] {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    const events = objectsOf(text)
    for (const [number, event] of events.entries()) this.#check(event, number)
    return events
  }

  #check(event: IndexedEvent, number: number): void {
    const fail = (code: number, text: string): never => {
      throw new Refusal(400, code, text, number)
    }
    if (event.event === undefined || event.event === null) fail(12, 'Event field is required')
    if (event.event === '') fail(13, 'Event field cannot be blank')
    for (const key of Object.keys(event)) if (!KEYS.has(key)) fail(6, 'Invalid data format')
    if (event.time !== undefined && !Number.isFinite(Number(event.time))) fail(6, 'Invalid data format')
    for (const name of ['host', 'source', 'sourcetype', 'index'] as const)
      if (event[name] !== undefined && typeof event[name] !== 'string') fail(6, 'Invalid data format')
    const values = Object.values(event.fields ?? {})
    if (values.some(value => typeof value === 'object' && !Array.isArray(value)))
      fail(15, 'Error in handling indexed fields')
    const { indices } = this.#options
    if (event.index !== undefined && indices && !indices.includes(event.index)) fail(7, 'Incorrect index')
  }
}

/** JSON objects one after the other, with blanks in between or without. */
function objectsOf(text: string): IndexedEvent[] {
  const events: IndexedEvent[] = []
  let depth = 0
  let start = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' && depth++ === 0) start = at
    else if (char === '}' && --depth === 0) {
      try {
        events.push(JSON.parse(text.slice(start, at + 1)))
      } catch {
        throw new Refusal(400, 6, 'Invalid data format', events.length)
      }
    } else if (depth === 0 && /\S/.test(char)) throw new Refusal(400, 6, 'Invalid data format', events.length)
  }
  if (depth > 0 || events.length === 0) throw new Refusal(400, events.length === 0 ? 5 : 6, 'No data')
  return events
}

function rawEvents(body: Buffer, query: URLSearchParams): IndexedEvent[] {
  const told = Object.fromEntries(
    ['host', 'source', 'sourcetype', 'index'].flatMap(name =>
      query.has(name) ? [[name, query.get(name)]] : [],
    ),
  )
  const lines = body
    .toString()
    .split('\n')
    .filter(line => line !== '')
  return lines.map(event => ({ event, ...told }))
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
