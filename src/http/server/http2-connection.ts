import type { Socket } from 'node:net'
import { Http1Error } from '../../wire/http1/error.ts'
import { Http2Error } from '../../wire/http2/error.ts'
import { MAX_STREAM_ID, PREFACE } from '../../wire/http2/frame.ts'
import { type MessageFault, readRequest } from '../../wire/http2/message.ts'
import { Alarm } from '../http2/alarm.ts'
import { Http2Connection } from '../http2/connection.ts'
import type { TlsPeer } from '../tls/acceptor.ts'
import type { ServerContext } from './context.ts'
import { ServerStream } from './http2-stream.ts'
import { type Client, clientOf } from './request.ts'

/** What a client asks to be echoed, that we know it has seen our first GOAWAY. */
const DRAIN_PING = Buffer.from('draining', 'latin1')

/** One HTTP/2 connection of a server. */
export class Http2ServerConnection extends Http2Connection {
  readonly #context: ServerContext
  readonly #client: Client
  /** What is still to come of the preface. */
  #preface: string
  #lastStreamId = 0
  /** Streams above it are not looked at any more. */
  #acceptedUpTo = MAX_STREAM_ID
  #finishing = false
  readonly #drainAlarm: Alarm

  /** `prefaceBytes` of the preface have been read already. */
  constructor(context: ServerContext, socket: Socket, tls: TlsPeer | undefined, prefaceBytes: number) {
    const { limits, options } = context
    super({
      socket,
      wheel: context.wheel,
      clock: options.clock,
      slab: context.slab,
      settings: {
        maxConcurrentStreams: limits.maxStreams,
        maxHeaderListBytes: limits.maxHeadBytes,
        ...(options.servesWebSockets === true && { enableConnectProtocol: true }),
      },
      maxHeadBytes: limits.maxHeadBytes,
      headTimeoutMs: limits.headTimeoutMs,
      writeStallMs: limits.writeStallMs,
      lingerMs: limits.lingerMs,
    })
    this.#context = context
    this.#client = clientOf(socket, tls)
    this.#preface = PREFACE.slice(prefaceBytes)
    this.#drainAlarm = new Alarm(() => this.#lastGoaway())
    context.wheel.arm(this, limits.headTimeoutMs)
    this.begin('')
  }

  protected override readPreface(bytes: Buffer): number {
    const expected = this.#preface
    if (expected === '') return 0
    const got = bytes.toString('latin1', 0, expected.length)
    if (!expected.startsWith(got)) throw new Http2Error('PROTOCOL_ERROR', 'the connection preface is wrong')
    this.#preface = expected.slice(got.length)
    return this.#preface === '' ? got.length : -1
  }

  // ---- streams

  protected isIdle(streamId: number): boolean {
    return streamId > this.#lastStreamId || streamId % 2 === 0
  }

  protected get lastStreamId(): number {
    return this.#lastStreamId
  }

  protected opened(streamId: number, list: string[], tooLarge: boolean, endStream: boolean): void {
    if (streamId % 2 === 0)
      throw new Http2Error('PROTOCOL_ERROR', 'a client opened a stream with an even number')
    if (streamId <= this.#lastStreamId) {
      if (this.closedStreams.wasReset(streamId)) return
      const known = this.closedStreams.has(streamId)
      throw new Http2Error(known ? 'STREAM_CLOSED' : 'PROTOCOL_ERROR', 'HEADERS on a stream that is closed')
    }
    if (streamId > this.#acceptedUpTo) return
    this.#lastStreamId = streamId
    if (this.streams.size >= this.#context.limits.maxStreams) {
      this.spend()
      this.resetStream(streamId, 'REFUSED_STREAM')
      return
    }
    this.wheel.disarm(this)
    if (tooLarge) this.#refuse(streamId, endStream, new Http1Error('head_too_large'))
    else this.#serve(streamId, list, endStream)
  }

  #serve(streamId: number, list: string[], endStream: boolean): void {
    const { limits } = this.#context
    try {
      const head = readRequest(list, endStream, limits)
      this.#open(streamId, endStream, head.method === 'HEAD').serve(head, this.#client)
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error
      this.#refuse(streamId, endStream, error, list)
    }
  }

  #refuse(streamId: number, endStream: boolean, error: Http1Error, list: readonly string[] = []): void {
    const { onRejected, refusalFields } = this.#context.options
    onRejected?.(error, this.#client.address, {
      ...{ status: error.status, protocol: 'HTTP/2' },
      ...knownOf(list),
    })
    this.spend()
    const stream = this.#open(streamId, endStream, false)
    const fields = { ...refusalFields?.(error.status), 'Content-Type': 'text/plain; charset=utf-8' }
    stream.response.send(error.status, fields, `${error.message}\n`)
  }

  #open(streamId: number, endStream: boolean, isHead: boolean): ServerStream {
    const stream = new ServerStream(this, this.#context, streamId, isHead)
    stream.remoteEnded = endStream
    this.streams.set(streamId, stream)
    return stream
  }

  protected rejected(error: Http2Error | MessageFault, isServed: boolean): void {
    const refused = isServed ? undefined : ({ status: 0, protocol: 'HTTP/2' } as const)
    this.#context.options.onRejected?.(error, this.#client.address, refused)
  }

  protected settled(): void {}

  goaway(): void {
    // The client goes: its streams are served to their end.
    this.finish()
  }

  // ---- the end

  /**
   * Ends in two steps (RFC 9113 section 6.8): first the client learns that it should open no more streams, and when
   * it has heard that, up to which stream we serve. Ends at once when the client does not answer.
   */
  finish(): void {
    if (this.#finishing || this.closing) return
    this.#finishing = true
    this.sendGoaway(MAX_STREAM_ID, 'NO_ERROR', '')
    this.sendPing(DRAIN_PING)
    this.wheel.arm(this.#drainAlarm, this.options.lingerMs)
  }

  pingAcknowledged(opaque: Buffer): void {
    if (this.#finishing && opaque.equals(DRAIN_PING)) this.#lastGoaway()
    else this.spend()
  }

  #lastGoaway(): void {
    if (this.#acceptedUpTo !== MAX_STREAM_ID || this.closing) return
    this.wheel.remove(this.#drainAlarm)
    this.#acceptedUpTo = this.#lastStreamId
    this.sendGoaway(this.#lastStreamId, 'NO_ERROR', '')
    if (this.streams.size === 0) this.linger()
  }

  protected quiet(): void {
    if (this.#acceptedUpTo !== MAX_STREAM_ID) this.linger()
    else this.wheel.arm(this, this.#context.limits.idleTimeoutMs)
  }

  expire(): void {
    if (this.closing) this.destroy()
    else if (this.#preface !== '' || this.midFrame)
      this.fail(new Http2Error('PROTOCOL_ERROR', 'a frame did not arrive in time'))
    else if (this.streams.size === 0) this.#lastGoaway()
  }

  protected closed(): void {
    this.wheel.remove(this.#drainAlarm)
    this.#context.closed(this)
  }
}

/** Names and values alternate; pseudo-headers come first. */
function knownOf(list: readonly string[]): { readonly method?: string; readonly path?: string } {
  const fieldOf = (name: string): string | undefined => {
    const at = list.indexOf(name)
    return at === -1 || at % 2 === 1 ? undefined : list[at + 1]
  }
  const method = fieldOf(':method')
  const path = fieldOf(':path')?.split('?', 1)[0]
  return { ...(method !== undefined && { method }), ...(path !== undefined && { path }) }
}
