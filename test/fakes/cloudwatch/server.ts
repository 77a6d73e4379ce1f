import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { verifySignature } from '../aws/signature.ts'
import { Faults, play, readBody } from '../faults.ts'
import { Groups, type LogEvent, ServiceError } from './groups.ts'

export interface FakeCloudwatchOptions {
  /** 0 picks a free one. */
  readonly port?: number
  readonly region?: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  /** The service's clock. */
  readonly now?: () => number
  readonly maxEventBytes?: number
  readonly retentionDays?: number
  /** How long an idle connection is kept; the service: 6 s. */
  readonly idleCloseMs?: number
  /** The number in this field of a JSON message is noted in `sequences`. */
  readonly sequenceField?: string
  readonly onEvent?: (event: LogEvent) => void
}

export interface FakeCloudwatch {
  readonly url: string
  readonly port: number
  readonly groups: Groups
  readonly faults: Faults
  readonly counts: { requests: number; events: number; refused: number; invalid: number; emf: number }
  readonly sequences: ReadonlyMap<number, number>
  /** The actions that were called, in order. */
  readonly actions: readonly string[]
  close(): Promise<void>
}

/** A server that speaks as much of CloudWatch Logs as a log shipper needs, verifies every signature, and misbehaves on demand. */
export async function startFakeCloudwatch(options: FakeCloudwatchOptions = {}): Promise<FakeCloudwatch> {
  const fake = new Fake(options)
  const server = createServer((request, response) => void fake.serve(request, response))
  server.keepAliveTimeout = options.idleCloseMs ?? 6000
  server.keepAliveTimeoutBuffer = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    groups: fake.groups,
    faults: fake.faults,
    counts: fake.counts,
    sequences: fake.sequences,
    actions: fake.actions,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Fake {
  readonly groups: Groups
  readonly faults = new Faults()
  readonly counts = { requests: 0, events: 0, refused: 0, invalid: 0, emf: 0 }
  readonly sequences = new Map<number, number>()
  readonly actions: string[] = []
  readonly #options: FakeCloudwatchOptions
  readonly #now: () => number

  constructor(options: FakeCloudwatchOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.groups = new Groups(this.#now, options.maxEventBytes ?? 1_048_576, options.retentionDays)
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counts.requests++
    const fault = this.faults.next()
    if (await play(fault, 'before', request, response)) return
    const body = await readBody(request, 4 * 1024 * 1024)
    if (!body) return refuse(response, 413, 'RequestEntityTooLargeException', 'the request is too large')
    const problem = this.#refuse(request, body)
    if (problem) {
      this.counts.refused++
      return refuse(response, 400, problem.type, problem.message)
    }
    try {
      const result = this.#act(request, body)
      if (await play(fault, 'after', request, response)) return
      answer(response, 200, result)
    } catch (error) {
      if (!(error instanceof ServiceError)) return refuse(response, 500, 'InternalFailure', String(error))
      if (error.type === 'InvalidParameterException') this.counts.invalid++
      refuse(response, 400, error.type, error.message)
    }
  }

  #refuse(request: IncomingMessage, body: Buffer): { type: string; message: string } | undefined {
    if (request.method !== 'POST' || request.url !== '/')
      return { type: 'UnknownOperationException', message: 'expected POST /' }
    if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
      return { type: 'SerializationException', message: 'expected application/x-amz-json-1.1' }
    }
    const { sessionToken } = this.#options
    return verifySignature(
      { method: request.method, path: '/', headers: request.headers, body },
      {
        accessKeyId: this.#options.accessKeyId ?? 'AKIDEXAMPLE',
        secretAccessKey: this.#options.secretAccessKey ?? 'secret',
        region: this.#options.region ?? 'eu-central-1',
        service: 'logs',
        mustSign: ['x-amz-target'],
        now: this.#now,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
    )
  }

  #act(request: IncomingMessage, body: Buffer): unknown {
    const target = String(request.headers['x-amz-target'])
    const action = target.replace(/^Logs_20140328\./, '')
    this.actions.push(action)
    const input = parse(body)
    const { logGroupName, logStreamName, logEvents } = input
    if (request.headers['x-amzn-logs-format'] === 'json/emf') this.counts.emf++
    switch (action) {
      case 'CreateLogGroup':
        return this.groups.createGroup(logGroupName, input['logGroupClass'])
      case 'PutRetentionPolicy':
        return this.groups.setRetention(logGroupName, input['retentionInDays'])
      case 'CreateLogStream':
        return this.groups.createStream(logGroupName, logStreamName)
      case 'PutLogEvents': {
        const { result, kept } = this.groups.put(logGroupName, logStreamName, logEvents)
        for (const event of kept) this.#note(event)
        return { nextSequenceToken: '1', ...result }
      }
      default:
        throw new ServiceError('UnknownOperationException', `no action ${target}`)
    }
  }

  #note(event: LogEvent): void {
    this.counts.events++
    this.#options.onEvent?.(event)
    const field = this.#options.sequenceField
    if (field === undefined) return
    const sequence = (JSON.parse(event.message) as Record<string, unknown>)[field]
    if (typeof sequence === 'number') this.sequences.set(sequence, (this.sequences.get(sequence) ?? 0) + 1)
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function parse(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(decoder.decode(body)) as Record<string, unknown>
  } catch {
    throw new ServiceError('SerializationException', 'the body is not JSON in UTF-8')
  }
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  answer(response, status, { __type: type, message })
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'fake' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
