import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly ttl: number; readonly address: string }
  | {
      readonly type: 'SRV'
      readonly ttl: number
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: string
    }

/** What a name has, or how the question for it ends. A name that is not there does not exist. */
export type DnsAnswer = readonly DnsRecord[] | 'SERVFAIL' | 'REFUSED' | 'silence'

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const
const [CLASS_IN, TYPE_OPT] = [1, 41] as const
const RCODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

/** For tests: a DNS server (RFC 1035, 2782, 3596) over UDP. Strict: a query that is none in the letter of the RFC is a mistake, kept in `mistakes`. */
export class DnsServer implements AsyncDisposable {
  readonly names = new Map<string, DnsAnswer>()
  /** `A shop.test`, in their order. */
  readonly asked: string[] = []
  readonly mistakes: string[] = []
  #socket: Socket | undefined
  #port = 0

  static async start(): Promise<DnsServer> {
    const server = new DnsServer()
    await server.open()
    return server
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Again at its first port, after `close`. */
  async open(): Promise<void> {
    const socket = createSocket('udp4')
    this.#socket = socket
    socket.on('message', (query, from) => this.#take(query, from))
    socket.bind(this.#port, '127.0.0.1')
    await once(socket, 'listening')
    this.#port = socket.address().port
  }

  async close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined) return
    socket.close()
    await once(socket, 'close')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(query: Buffer, from: RemoteInfo): void {
    try {
      const answer = this.#answer(query)
      if (answer !== undefined) this.#socket?.send(answer, from.port, from.address)
    } catch (error) {
      this.mistakes.push((error as Error).message)
    }
  }

  #answer(query: Buffer): Buffer | undefined {
    const { id, name, type, question } = readQuery(query)
    this.asked.push(`${type} ${name}`)
    const known = this.names.get(name)
    if (known === 'silence') return undefined
    if (known === undefined) return message(id, RCODES.NXDOMAIN, question, [])
    if (typeof known === 'string') return message(id, RCODES[known], question, [])
    return message(
      id,
      0,
      question,
      known.filter(record => record.type === type),
    )
  }
}

interface Query {
  readonly id: number
  readonly name: string
  readonly type: keyof typeof TYPES
  readonly question: Buffer
}

function readQuery(query: Buffer): Query {
  if (query.length < 12) throw new Error('a header that is cut short')
  const flags = query.readUInt16BE(2)
  if ((flags & 0xf800) !== 0) throw new Error('not a standard query')
  if ((flags & 0x0100) === 0) throw new Error('recursion is not asked for')
  const [questions, answers, authorities, extras] = [4, 6, 8, 10].map(at => query.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authorities !== 0) throw new Error('not one question alone')
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length !== 0; length = query[at]!) {
    if (length > 63) throw new Error('a label that is too long, or compressed')
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const code = query.readUInt16BE(at + 1)
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find(known => TYPES[known] === code)
  if (type === undefined) throw new Error(`a question for type ${code}`)
  if (query.readUInt16BE(at + 3) !== CLASS_IN) throw new Error('not of the Internet')
  const end = at + 5
  if (extras === 0 ? query.length !== end : query[end] !== 0 || query.readUInt16BE(end + 1) !== TYPE_OPT)
    throw new Error('something stands behind the question')
  return {
    id: query.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type,
    question: query.subarray(12, end),
  }
}

function message(id: number, rcode: number, question: Buffer, records: readonly DnsRecord[]): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(id, 0)
  // A response of an authority that can ask others, too.
  head.writeUInt16BE(0x8580 | rcode, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, question, ...records.map(encodeRecord)])
}

function encodeRecord(record: DnsRecord): Buffer {
  const data = dataOf(record)
  const head = Buffer.alloc(12)
  // The name of the question.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(TYPES[record.type], 2)
  head.writeUInt16BE(CLASS_IN, 4)
  head.writeUInt32BE(record.ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function dataOf(record: DnsRecord): Buffer {
  if (record.type === 'SRV') {
    const numbers = Buffer.alloc(6)
    numbers.writeUInt16BE(record.priority, 0)
    numbers.writeUInt16BE(record.weight, 2)
    numbers.writeUInt16BE(record.port, 4)
    const labels = record.target
      .split('.')
      .map(label => Buffer.from(`${String.fromCharCode(label.length)}${label}`))
    return Buffer.concat([numbers, ...labels, Buffer.alloc(1)])
  }
  if (isIPv6(record.address)) return ipv6(record.address)
  return Buffer.from(record.address.split('.').map(Number))
}

function ipv6(address: string): Buffer {
  const [left = '', right] = address.split('::')
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16))
  const [front, back] = [groups(left), groups(right ?? '')]
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back]
  const bytes = Buffer.alloc(16)
  all.forEach((group, at) => void bytes.writeUInt16BE(group, at * 2))
  return bytes
}
