// A Vault of our own for what a real one cannot be made to do: its clock is turned by hand, and every request can fail.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { type Fault, play, readBody } from '../faults.ts'
import { Refusal } from './answers.ts'
import { VaultState } from './state.ts'

/** Besides the faults of all fakes: a body cut short, one that does not end, and an answer in plain words. */
export type VaultFault =
  | Fault
  | { readonly kind: 'cut' }
  | { readonly kind: 'endless' }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }

/** What a request is about: `login`, `token lookup-self`, `token renew-self`, `lease renew`, `lease revoke`, `mounts`, `wrapping`, `read`, `write`, `list`. */
export type RequestKind = string

export interface FakeVault {
  readonly url: string
  readonly state: VaultState
  /** Of every kind that has come, whatever became of it. */
  readonly counts: ReadonlyMap<RequestKind, number>
  readonly total: number
  /** The last ones, `PUT auth/approle/login`. */
  readonly seen: readonly string[]
  readonly lastHeaders: Readonly<Record<string, string | undefined>>
  /** Requests that are being answered. */
  readonly underWay: number
  /** The next `times` requests of this kind (any, when undefined) meet the fault. */
  fail(kind: RequestKind | undefined, fault: VaultFault, times?: number): void
  /** While it is set, every connection is reset: the server is gone. */
  isAway: boolean
  forget(): void
  close(): Promise<void>
}

interface Planned {
  readonly kind: RequestKind | undefined
  readonly fault: VaultFault
  times: number
}

const MAX_BODY_BYTES = 1 << 20

export async function startFakeVault(clock: Clock): Promise<FakeVault> {
  const state = new VaultState(clock)
  const counts = new Map<RequestKind, number>()
  const seen: string[] = []
  const planned: Planned[] = []
  let [underWay, isAway] = [0, false]
  let lastHeaders: FakeVault['lastHeaders'] = {}

  const nextFault = (kind: RequestKind): VaultFault | undefined => {
    const found = planned.find(each => each.times > 0 && (each.kind ?? kind) === kind)
    if (found !== undefined) found.times--
    return found?.fault
  }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://fake')
    const path = decodeURIComponent(url.pathname.replace(/^\/v1\//, ''))
    const isList =
      request.method === 'LIST' || (request.method === 'GET' && url.searchParams.get('list') === 'true')
    const method = isList ? 'LIST' : request.method === 'POST' ? 'PUT' : request.method!
    const kind = kindOf(method, path)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    seen.push(`${method} ${path}`)
    lastHeaders = request.headers as FakeVault['lastHeaders']
    if (isAway) return void request.socket.resetAndDestroy()
    const fault = nextFault(kind)
    if (fault?.kind === 'refuse') return refuse(response, clock, fault.refusal)
    if (fault?.kind === 'endless') return endless(response)
    if (fault !== undefined && fault.kind !== 'cut' && (await play(fault, 'before', request, response)))
      return
    const sent = await readBody(request, MAX_BODY_BYTES).catch(() => undefined)
    if (sent === undefined) return void request.socket.destroy()
    try {
      const body = sent.length === 0 ? {} : parsed(sent)
      const headers = request.headers as Record<string, string | undefined>
      const answer = state.answer({ method, path, query: url.searchParams, headers, body })
      if (fault?.kind === 'cut') return cut(request, response, answer)
      if (fault !== undefined && (await play(fault, 'after', request, response))) return
      if (answer === undefined) response.writeHead(204, { date: dateOf(clock) }).end()
      else send(response, clock, 200, answer)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(response, clock, error)
    }
  }

  const server = createServer((request, response) => {
    underWay++
    response.once('close', () => underWay--)
    void serve(request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    counts,
    seen,
    get total() {
      return [...counts.values()].reduce((sum, each) => sum + each, 0)
    },
    get lastHeaders() {
      return lastHeaders
    },
    get underWay() {
      return underWay
    },
    get isAway() {
      return isAway
    },
    set isAway(value) {
      isAway = value
    },
    fail: (kind, fault, times = 1) => void planned.push({ kind, fault, times }),
    forget: () => {
      counts.clear()
      seen.length = 0
      planned.length = 0
    },
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function kindOf(method: string, path: string): RequestKind {
  if (/^auth\/[^/]+\/login(?:\/|$)/.test(path)) return 'login'
  const self = /^auth\/token\/(\w+-self)$/.exec(path)
  if (self !== null) return `token ${self[1]}`
  const lease = /^sys\/leases\/(\w+)$/.exec(path)
  if (lease !== null) return `lease ${lease[1]}`
  if (path.startsWith('sys/internal/ui/mounts/')) return 'mounts'
  if (path.startsWith('sys/wrapping/')) return 'wrapping'
  return { GET: 'read', LIST: 'list' }[method] ?? 'write'
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(400, ['failed to decode JSON input'])
  }
}

function refuse(response: ServerResponse, clock: Clock, { status, body, headers }: Refusal): void {
  send(response, clock, status, body, headers)
}

function send(
  response: ServerResponse,
  clock: Clock,
  status: number,
  body: object,
  headers: object = {},
): void {
  response
    .writeHead(status, { 'content-type': 'application/json', date: dateOf(clock), ...headers })
    .end(`${JSON.stringify(body)}\n`)
}

/** The work is done, and nobody learns of all of it. */
function cut(request: IncomingMessage, response: ServerResponse, answer: object | undefined): void {
  const text = JSON.stringify(answer ?? {})
  response.writeHead(200, { 'content-length': text.length })
  response.write(text.slice(0, text.length / 2), () => request.socket.destroy())
}

function endless(response: ServerResponse): void {
  const more = Buffer.alloc(1 << 20, 0x20)
  response.writeHead(200, { 'content-type': 'application/json' })
  const write = () => {
    if (!response.destroyed && response.write(more)) setImmediate(write)
  }
  response.on('drain', write)
  write()
}

const dateOf = (clock: Clock) => new Date(clock.now()).toUTCString()
