import { Http2Error } from '../../wire/http2/error.ts'
import { MAX_STREAM_ID, PREFACE } from '../../wire/http2/frame.ts'
import { Alarm } from '../http2/alarm.ts'
import { Http2Connection } from '../http2/connection.ts'
import { brokenError, connectError, HttpClientError } from './error.ts'
import type { Http2Exchange } from './http2-exchange.ts'
import type { Http2Pool } from './http2-pool.ts'
import { ClientStream } from './http2-stream.ts'

/** What a server is taken to bear until its settings say so. */
const STREAMS_BEFORE_SETTINGS = 100
/** Without a byte from the server, while requests are under way: it is asked whether it is there. */
const SILENCE_MS = 30_000
const PING_TIMEOUT_MS = 15_000
const ALIVE = Buffer.from('outriggr', 'latin1')

/** One HTTP/2 connection of a client. */
export class Http2ClientConnection extends Http2Connection {
  readonly secure: boolean
  readonly peer: string
  /** It has brought an answer. */
  carried = false
  readonly #pool: Http2Pool
  #ready = false
  #nextId = 1
  #leaving = false
  #settled = false
  #loss: HttpClientError | undefined
  #pinged = false
  readonly #aliveAlarm: Alarm

  constructor(pool: Http2Pool) {
    super({
      socket: pool.dialer.dial(),
      wheel: pool.wheel,
      clock: pool.clock,
      slab: pool.slab,
      settings: { enablePush: false, maxHeaderListBytes: pool.limits.maxHeadBytes },
      maxHeadBytes: pool.limits.maxHeadBytes,
      headTimeoutMs: pool.connectTimeoutMs,
      writeStallMs: 60_000,
      lingerMs: 2_000,
    })
    this.#pool = pool
    this.peer = pool.dialer.peer
    this.secure = pool.dialer.readyEvent === 'secureConnect'
    this.#aliveAlarm = new Alarm(() => this.#checkAlive())
    this.batch.hold()
    this.socket.once(pool.dialer.readyEvent, this.#onReady)
    pool.wheel.arm(this, pool.connectTimeoutMs)
  }

  readonly #onReady = (): void => {
    this.#ready = true
    this.wheel.disarm(this)
    if (this.secure && (this.socket as { alpnProtocol?: unknown }).alpnProtocol !== 'h2') {
      this.#leaving = true
      this.#pool.notHttp2(this)
      return
    }
    this.begin(PREFACE)
    this.batch.release()
    this.#pool.free(this)
  }

  /** How many more requests it takes now. */
  get room(): number {
    if (!this.#ready || this.#leaving || this.closing || this.#nextId > MAX_STREAM_ID) return 0
    const most = this.#settled ? this.peerSettings.maxConcurrentStreams : STREAMS_BEFORE_SETTINGS
    return Math.max(0, most - this.streams.size)
  }

  /** It takes this request now. Whether it takes a WebSocket is told by the server's settings (RFC 8441 section 3). */
  mayCarry({ prepared }: Http2Exchange): boolean {
    return this.room > 0 && (this.#settled || !prepared.switches)
  }

  /** It has been a connection of HTTP/2. */
  get served(): boolean {
    return this.#ready && this.#nextId > 1
  }

  /** It may have room later. */
  get opening(): boolean {
    return !this.#ready && !this.gone
  }

  /** Why what it carried has failed, when it was not the fault of one stream. */
  get loss(): HttpClientError | undefined {
    return this.#loss
  }

  carry(exchange: Http2Exchange): void {
    if (this.streams.size === 0) {
      this.wheel.disarm(this)
      this.heard = false
      this.wheel.arm(this.#aliveAlarm, SILENCE_MS)
    }
    const stream = new ClientStream(this, this.#nextId, exchange)
    this.#nextId += 2
    this.streams.set(stream.id, stream)
    stream.send()
  }

  /** Breaks the connection and what it carries. */
  lose(error: HttpClientError): void {
    this.#loss ??= error
    this.breakStreams('CANCEL')
    this.destroy()
  }

  // ---- frames

  protected isIdle(streamId: number): boolean {
    return streamId >= this.#nextId || streamId % 2 === 0
  }

  /** We take no streams of the server. */
  protected get lastStreamId(): number {
    return 0
  }

  protected opened(streamId: number): void {
    if (this.isIdle(streamId))
      throw new Http2Error('PROTOCOL_ERROR', 'HEADERS on a stream that was not opened')
    if (!this.closedStreams.wasReset(streamId))
      throw new Http2Error('STREAM_CLOSED', 'HEADERS on a stream that is closed')
  }

  protected rejected(): void {}

  protected override fail(error: Http2Error): void {
    const message = `${this.peer} sent malformed HTTP/2: ${error.message}`
    this.#loss ??= new HttpClientError('malformed_response', message, { cause: error })
    super.fail(error)
  }

  goaway(lastStreamId: number): void {
    this.#leaving = true
    for (const stream of [...this.streams.values()])
      if (stream.id > lastStreamId) {
        this.streams.delete(stream.id)
        this.closedStreams.add(stream.id, true)
        ;(stream as ClientStream).unseen()
      }
    if (this.streams.size === 0) this.quiet()
  }

  protected settled(): void {
    this.#settled = true
    this.#pool.free(this)
  }

  /** A stream has brought its answer. */
  answered(): void {
    this.carried = true
    this.budget.earn()
  }

  protected override freed(): void {
    this.#pool.free(this)
  }

  // ---- time

  pingAcknowledged(): void {
    this.#pinged = false
  }

  #checkAlive(): void {
    if (this.streams.size === 0) return
    if (this.#pinged && !this.heard) {
      this.lose(new HttpClientError('timeout', `${this.peer} has fallen silent and answers no PING`))
      return
    }
    this.#pinged = !this.heard
    if (this.#pinged) this.sendPing(ALIVE)
    this.heard = false
    this.wheel.arm(this.#aliveAlarm, this.#pinged ? PING_TIMEOUT_MS : SILENCE_MS)
  }

  protected quiet(): void {
    this.wheel.disarm(this.#aliveAlarm)
    if (this.#leaving) this.linger()
    else this.wheel.arm(this, this.#pool.idleTimeoutMs)
  }

  expire(): void {
    if (!this.#ready) {
      const message = `${this.peer} did not take the connection in time`
      this.#loss = new HttpClientError('connect_timeout', message, { unsent: true })
      this.destroy()
    } else if (this.closing || this.midFrame) this.destroy()
    else if (this.streams.size === 0) {
      this.#leaving = true
      this.sendGoaway(0, 'NO_ERROR', '')
      this.linger()
    }
  }

  protected override breakStreams(code: Parameters<Http2Connection['resetStream']>[1]): void {
    this.#loss ??= this.#ready
      ? brokenError(this.socketError, this.peer)
      : connectError(
          this.socketError ?? Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }),
          this.peer,
        )
    super.breakStreams(code)
  }

  protected closed(): void {
    this.wheel.remove(this.#aliveAlarm)
    this.#pool.closed(this)
  }
}
