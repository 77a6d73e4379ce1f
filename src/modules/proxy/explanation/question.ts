import { isIP } from 'node:net'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { type ListenerConfig, listenerName, type ProxyConfig } from '../config.ts'
import { portOf } from '../listeners/port.ts'
import type { Peer, RequestView } from '../request.ts'
import { parseRequestLine } from '../routing/request-line.ts'

/** A request as people write it, and by which listener it comes. */
export interface Question {
  /** `GET http://checkout/cart`, `CONNECT example.com:443`, `tls://vault:8200` or `tcp://10.0.0.7:5432`. */
  readonly line: string
  /** `x-team: blue`. */
  readonly headers: readonly string[]
  /** The SPIFFE URI of the client's certificate. */
  readonly identity?: string
  readonly address?: string
  /** The one that is most likely meant, such as a routed one before one with a single upstream, unless given. */
  readonly listener?: string
}

/** What a question means at the listener that takes it. */
export interface Scene {
  readonly listener: ListenerConfig
  /** connect: a tunnel through a forward proxy. connection: one that is passed on as it is. */
  readonly kind: 'request' | 'connect' | 'connection'
  /** As rules see it. */
  readonly view: RequestView
  /** As people wrote it. */
  readonly asked: Asked
  /** What the client of TLS asks for by SNI. */
  readonly serverName?: string
}

export interface Asked {
  readonly method: string
  readonly host: string
  readonly port: number
  /** Empty for what has none. */
  readonly path: string
}

export type Wrong = { readonly wrong: string }

type Form = 'http' | 'https' | 'connect' | 'tls' | 'tcp'

const FORMS: Readonly<Record<Form, string>> = {
  http: 'HTTP',
  https: 'HTTPS',
  connect: 'CONNECT',
  tls: 'connections of TLS',
  tcp: 'connections of TCP',
}
const AUTHORITY = /^(?:(CONNECT)\s+|(tls|tcp):\/\/)(?:\[([^\]]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?\/?$/i
const HTTPS_PORT = 443

/** What the question means, by the listeners of the configuration; or what is wrong with it. */
export function readQuestion({ listeners }: ProxyConfig, question: Question): Scene | Wrong {
  const { identity, address = '127.0.0.1' } = question
  const peer = { address, ...(identity !== undefined && { identity }) }
  const line = question.line.trim()
  const place = placeOf(line)
  if (place !== undefined && 'wrong' in place) return place
  const form = place?.form ?? (/^(?:[A-Za-z]+\s+)?https:/i.test(line) ? 'https' : 'http')
  const listener = listenerFor(listeners, form, question.listener)
  if ('wrong' in listener) return listener
  if (place !== undefined) return sceneOf(listener, place, peer)
  const { encodedSlashes, forward, outbound } = listener
  const usual = forward === undefined && outbound === undefined ? 'decode' : 'as_sent'
  const parsed = parseRequestLine(question, encodedSlashes ?? usual)
  if ('wrong' in parsed) return parsed
  const { method, host, port, path } = parsed
  if (form === 'https' && (forward !== undefined || beginsTlsItself(listener)))
    return sceneOf(listener, { form: forward === undefined ? 'tls' : 'connect', host, port }, peer)
  if (listener.protocol === 'tcp') return sceneOf(listener, { form: 'tcp', host, port }, peer)
  const named = form === 'https' && isIP(host) === 0 ? { serverName: host } : {}
  return {
    listener,
    kind: 'request',
    view: { ...parsed, ...named, peer },
    asked: { method, host, port, path },
  }
}

interface Place {
  readonly form: 'connect' | 'tls' | 'tcp'
  readonly host: string
  readonly port: number
}

/** Undefined for what is written as a request. */
function placeOf(line: string): Place | Wrong | undefined {
  const parts = AUTHORITY.exec(line)
  if (parts === null) return undefined
  const form = (parts[1] ?? parts[2]!).toLowerCase() as Place['form']
  const host = (parts[3] ?? parts[4]!).toLowerCase().replace(/\.$/, '')
  const port = parts[5] === undefined && form === 'tls' ? HTTPS_PORT : Number(parts[5])
  if (port >= 1 && port <= 65_535) return { form, host, port }
  const example = form === 'connect' ? 'CONNECT example.com:443' : `${form}://10.0.0.7:5432`
  return { wrong: `expected a port, as in ${example}, got ${JSON.stringify(line)}` }
}

/** TLS passes such a listener as it is. */
function beginsTlsItself({ protocol, outbound, tls }: ListenerConfig): boolean {
  return protocol === 'tls' || outbound !== undefined || (protocol === 'auto' && tls === undefined)
}

function sceneOf(listener: ListenerConfig, { form, host, port }: Place, peer: Peer): Scene | Wrong {
  if (form === 'tcp' && listener.outbound !== undefined && isIP(host) === 0)
    return { wrong: `a captured connection is known by its address alone: write tcp://10.0.0.7:${port}` }
  const asked = { method: form.toUpperCase(), host, port, path: '' }
  const headers = new HeaderList([])
  if (form === 'connect') {
    const view = { method: 'CONNECT', path: '', search: '', host, port, headers, peer }
    return { listener, kind: 'connect', view, asked }
  }
  const isCaptured = listener.inbound !== undefined || listener.outbound !== undefined
  const meant = isCaptured ? port : portOf(listener)
  const named = form === 'tls' && isIP(host) === 0 && listener.protocol !== 'tcp'
  const serverName = named ? { serverName: host } : {}
  const view = { method: '', path: '', search: '', host: '', port: meant, headers, ...serverName, peer }
  return { listener, kind: 'connection', view, asked, ...serverName }
}

function listenerFor(
  listeners: readonly ListenerConfig[],
  form: Form,
  wanted: string | undefined,
): ListenerConfig | Wrong {
  if (wanted === undefined) {
    const ranked = listeners
      .map(listener => ({ listener, rank: rankOf(listener, form) }))
      .filter(({ rank }) => rank !== undefined)
    const [best] = ranked.sort((one, other) => one.rank! - other.rank!)
    return best?.listener ?? { wrong: `no listener of the configuration takes ${FORMS[form]}` }
  }
  const chosen = listeners.find(listener => listenerName(listener) === wanted)
  if (chosen === undefined)
    return { wrong: `there is no listener "${wanted}"; there are ${listeners.map(listenerName).join(', ')}` }
  if (rankOf(chosen, form) === undefined)
    return { wrong: `the listener ${wanted} does not take ${FORMS[form]}` }
  return chosen
}

/** How likely this is the listener that is meant, the lowest first; undefined when it takes no such thing. */
function rankOf(listener: ListenerConfig, form: Form): number | undefined {
  const { protocol, forward, routed, inbound, outbound } = listener
  switch (form) {
    case 'connect':
      return forward === undefined ? undefined : 0
    case 'tls':
    case 'tcp':
      if (protocol === form) return 0
      if (outbound !== undefined) return 1
      if (protocol === 'auto' || inbound !== undefined) return 2
      return protocol === 'tcp' ? 3 : undefined
    default:
      if (protocol === 'tls') return form === 'https' ? 2 : undefined
      if (protocol === 'tcp') return 4
      if (forward !== undefined) return 3
      return routed === undefined && outbound === undefined ? 1 : 0
  }
}
