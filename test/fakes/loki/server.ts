import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uncompress } from 'snappyjs'
import { Faults, play, readBody } from '../faults.ts'
import { type DecodedEntry, type DecodedStream, decodePush, parseLabels } from './decode.ts'

export interface FakeLokiOptions {
  readonly port?: number
  /** Every request must name a tenant. */
  readonly multiTenant?: boolean
  readonly bearer?: string
  readonly user?: { readonly name: string; readonly password: string }
  readonly maxLineBytes?: number
  readonly maxLabels?: number
  /** A decompressed body beyond this gets 413. */
  readonly maxBodyBytes?: number
  /** Lines older than this are refused; 7 days. */
  readonly maxAgeMs?: number
  /** Lines of a stream that are older than its newest by more than this are refused; an hour. */
  readonly behindMs?: number
  readonly now?: () => number
  readonly onLine?: (line: string) => void
}

export interface StoredLine {
  readonly tenant: string
  readonly labels: string
  readonly line: string
  readonly timeNs: bigint
  readonly metadata: Readonly<Record<string, string>>
}

export interface FakeLoki {
  readonly url: string
  readonly port: number
  readonly faults: Faults
  readonly lines: readonly StoredLine[]
  readonly counts: {
    requests: number
    lines: number
    repeated: number
    discarded: number
    malformed: number
    outOfOrder: number
  }
  readonly last: { readonly path: string; readonly headers: IncomingMessage['headers'] } | undefined
  close(): Promise<void>
}

/** A Loki that takes pushes as strictly as the real one: what it can of a request is stored, the rest is named in a 400. */
export async function startFakeLoki(options: FakeLokiOptions = {}): Promise<FakeLoki> {
  const fake = new Fake(options)
  // A client that goes away in its request is no fault of the fake.
  const server = createServer((request, response) => void fake.serve(request, response).catch(() => {}))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    faults: fake.faults,
    lines: fake.lines,
    counts: fake.counts,
    get last() {
      return fake.last
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Fake {
  readonly faults = new Faults()
  readonly lines: StoredLine[] = []
  readonly counts = { requests: 0, lines: 0, repeated: 0, discarded: 0, malformed: 0, outOfOrder: 0 }
  last: FakeLoki['last']
  readonly #options: FakeLokiOptions
  readonly #newest = new Map<string, bigint>()
  readonly #known = new Set<string>()

  constructor(options: FakeLokiOptions) {
    this.#options = options
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.requests++
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) return
    const sent = await readBody(request, 64 << 20)
    this.last = { path: request.url ?? '', headers: request.headers }
    if (request.method !== 'POST' || request.url !== '/loki/api/v1/push')
      return text(response, 404, '404 page not found')
    if (!this.#isKnown(request)) return text(response, 401, 'unauthorized')
    const tenant = request.headers['x-scope-orgid'] ?? (this.#options.multiTenant ? undefined : 'fake')
    if (typeof tenant !== 'string') return text(response, 401, 'no org id')
    let streams: DecodedStream[]
    try {
      if (request.headers['content-type'] !== 'application/x-protobuf')
        throw new Error('unsupported content type')
      const body = Buffer.from(uncompress(sent!))
      if (body.length > (this.#options.maxBodyBytes ?? 64 << 20))
        return text(response, 413, `request body too large: ${body.length} bytes`)
      streams = decodePush(body)
    } catch (error) {
      this.counts.malformed++
      return text(response, 400, String(error))
    }
    const problems = streams.flatMap(stream => this.#take(tenant, stream))
    if (await play(fault, 'after', request, response)) return
    if (problems.length > 0) return text(response, 400, problems.join('\n'))
    response.writeHead(204).end()
  }

  #take(tenant: string, { labels, entries }: DecodedStream): string[] {
    const problem = this.#streamProblem(labels)
    if (problem !== undefined) {
      this.counts.discarded += entries.length
      return [problem]
    }
    const problems: string[] = []
    let last = 0n
    for (const entry of entries) {
      if (entry.timeNs < last) this.counts.outOfOrder++
      last = entry.timeNs
      const fault = this.#entryProblem(tenant, labels, entry)
      if (fault === undefined) this.#store({ tenant, labels, ...entry })
      else {
        this.counts.discarded++
        problems.push(fault)
      }
    }
    // Only the last ones are told.
    return problems.slice(-2)
  }

  #streamProblem(text: string): string | undefined {
    const labels = parseLabels(text)
    const { maxLabels = 15 } = this.#options
    if (labels === undefined) return `Error parsing labels '${text}' with error: parse error`
    if (labels.length === 0) return 'error at least one label pair is required per stream'
    if (labels.length > maxLabels)
      return `entry for stream '${text}' has ${labels.length} label names; limit ${maxLabels}`
    let before = ''
    for (const [name, value] of labels) {
      if (name === before) return `stream '${text}' has duplicate label name: '${name}'`
      if (name < before) return `Error parsing labels '${text}' with error: not sorted`
      before = name
      if (name.length > 1024) return `stream '${text}' has label name too long: '${name}'`
      if (Buffer.byteLength(value) > 2048) return `stream '${text}' has label value too long: '${value}'`
    }
    return undefined
  }

  #entryProblem(tenant: string, labels: string, { line, timeNs }: DecodedEntry): string | undefined {
    const {
      maxLineBytes = 256 * 1024,
      maxAgeMs = 7 * 86_400_000,
      behindMs = 3_600_000,
      now = Date.now,
    } = this.#options
    const timeMs = Number(timeNs / 1_000_000n)
    const size = Buffer.byteLength(line)
    if (size > maxLineBytes)
      return `Max entry size '${maxLineBytes}' bytes exceeded for stream '${labels}' while adding an entry with length '${size}' bytes`
    if (timeMs < now() - maxAgeMs)
      return `entry for stream '${labels}' has timestamp too old: ${seconds(timeMs)}, oldest acceptable timestamp is: ${seconds(now() - maxAgeMs)}`
    if (timeMs > now() + 600_000)
      return `entry for stream '${labels}' has timestamp too new: ${seconds(timeMs)}`
    const newest = Number((this.#newest.get(`${tenant} ${labels}`) ?? 0n) / 1_000_000n)
    if (timeMs < newest - behindMs)
      return `entry with timestamp ${new Date(timeMs).toISOString()} ignored, reason: 'entry too far behind, entry timestamp is: ${seconds(timeMs)}, oldest acceptable timestamp is: ${seconds(newest - behindMs)}',\nuser '${tenant}', total ignored: 1 out of 1 for stream: ${labels}`
    return undefined
  }

  #store(stored: StoredLine): void {
    const { tenant, labels, timeNs, line } = stored
    const stream = `${tenant} ${labels}`
    if (timeNs > (this.#newest.get(stream) ?? 0n)) this.#newest.set(stream, timeNs)
    const identity = `${stream} ${timeNs} ${line}`
    if (this.#known.has(identity)) {
      this.counts.repeated++
      return
    }
    this.#known.add(identity)
    this.counts.lines++
    this.lines.push(stored)
    this.#options.onLine?.(line)
  }

  #isKnown({ headers: { authorization } }: IncomingMessage): boolean {
    const { bearer, user } = this.#options
    if (bearer !== undefined) return authorization === `Bearer ${bearer}`
    return user === undefined || authorization === `Basic ${btoa(`${user.name}:${user.password}`)}`
  }
}

function seconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}

function text(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}
