import type { Socket as DatagramSocket } from 'node:dgram'
import { isIP, type Socket } from 'node:net'
import { loadTls, type TlsConfig, UnusableFile } from '../../../backends/http/tls-files.ts'
import { createDialer, type Dialer, type Origin } from '../../../http/client/dial.ts'
import type { FailedOutcome, OutputHost } from './output.ts'

export interface NetworkPeerOptions {
  /** `tcp`, `tls` or `udp` with host and port, or `unix` with the path of a stream socket. */
  readonly url: string
  readonly defaultPort: number
  readonly tls?: TlsConfig | undefined
  readonly timeoutMs: number
}

/** A server that takes bytes and says nothing of them. */
export interface NetworkPeer {
  /** Messages are whole in themselves and go in this order. Undefined when all were taken by the network. */
  send(messages: readonly Buffer[], signal: AbortSignal): Promise<FailedOutcome | undefined>
}

/** How long a connection must outlive what was written to it: one that the server has left is reset by then. */
const SETTLE_MS = 50

/** Connects when there is something to send. Its scope is the host's. */
export function openNetworkPeer(options: NetworkPeerOptions, host: OutputHost): NetworkPeer {
  return options.url.startsWith('udp:') ? new DatagramPeer(options, host) : new StreamPeer(options, host)
}

class StreamPeer implements NetworkPeer {
  readonly #o: NetworkPeerOptions
  readonly #host: OutputHost
  #socket: Socket | undefined

  constructor(options: NetworkPeerOptions, host: OutputHost) {
    this.#o = options
    this.#host = host
    host.scope.defer(() => this.#drop())
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<FailedOutcome | undefined> {
    if (signal.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    try {
      const socket = this.#socket ?? (await this.#connect(signal))
      const failure = await this.#write(socket, Buffer.concat(messages), signal)
      if (failure === undefined) return undefined
      this.#drop()
      return failure
    } catch (error) {
      this.#drop()
      if (error instanceof UnusableFile) return { kind: 'failed', reason: error.message, refused: true }
      return { kind: 'failed', reason: (error as Error).message }
    }
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const dialer = await this.#dialer()
    const socket = dialer.dial()
    const { timeoutMs } = this.#o
    const { key, clock } = this.#host
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) =>
        reject(new Error(`no connection to ${dialer.peer}: ${why}; check ${key}.url`))
      const timer = clock.timeout(timeoutMs, () => fail(`no answer within ${timeoutMs} ms`))
      const stop = () => fail('stopped')
      signal.addEventListener('abort', stop, { once: true })
      const settled = () => {
        timer.cancel()
        signal.removeEventListener('abort', stop)
      }
      socket.once(dialer.readyEvent, () => {
        settled()
        resolve()
      })
      socket.on('error', error => {
        settled()
        fail(error.message)
      })
    }).catch(error => {
      socket.destroy()
      throw error
    })
    // What it says is not for us, but has to be read for its end to be seen.
    socket.resume()
    socket.setNoDelay(true)
    const gone = () => {
      if (this.#socket === socket) this.#socket = undefined
      socket.destroy()
    }
    socket.once('end', gone)
    socket.once('close', gone)
    this.#socket = socket
    return socket
  }

  async #dialer(): Promise<Dialer> {
    const { url, defaultPort, tls } = this.#o
    const { key } = this.#host
    const at = new URL(url)
    const files = tls && (await loadTls(tls, `${key}.tls`))
    try {
      return createDialer(originOf(at, defaultPort), files, [])
    } catch (error) {
      throw new UnusableFile(`the files of ${key}.tls cannot be used: ${(error as Error).message}`)
    }
  }

  async #write(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<FailedOutcome | undefined> {
    const { timeoutMs } = this.#o
    const { clock } = this.#host
    return await new Promise(resolve => {
      let timer = clock.timeout(timeoutMs, () => settle(`the server takes nothing for ${timeoutMs} ms`))
      const settle = (why?: string) => {
        timer.cancel()
        signal.removeEventListener('abort', stop)
        socket.removeListener('close', closed)
        resolve(why === undefined ? undefined : { kind: 'failed', reason: why })
      }
      const stop = () => settle('stopped while it was being sent')
      const closed = () => settle('the server closed the connection')
      signal.addEventListener('abort', stop, { once: true })
      socket.once('close', closed)
      socket.write(bytes, error => {
        timer.cancel()
        if (error) settle(error.message)
        // Once more round the loop: on a busy machine the end may have come and not been seen.
        else timer = clock.timeout(SETTLE_MS, () => setImmediate(settle))
      })
    })
  }

  #drop(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }
}

function originOf(url: URL, defaultPort: number): Origin {
  if (url.protocol === 'unix:') return { path: decodeURIComponent(url.pathname) }
  const scheme = url.protocol === 'tls:' ? 'https' : 'http'
  return new URL(`${scheme}://${url.hostname}:${url.port || defaultPort}`)
}

class DatagramPeer implements NetworkPeer {
  readonly #o: NetworkPeerOptions
  readonly #host: OutputHost
  #socket: DatagramSocket | undefined
  #problem: string | undefined

  constructor(options: NetworkPeerOptions, host: OutputHost) {
    this.#o = options
    this.#host = host
    host.scope.defer(() => this.#drop())
  }

  async send(messages: readonly Buffer[], signal: AbortSignal): Promise<FailedOutcome | undefined> {
    try {
      const socket = this.#socket ?? (await this.#connect())
      this.#problem = undefined
      for (const message of messages) {
        if (signal.aborted) return { kind: 'failed', reason: 'stopped while it was being sent' }
        await this.#sendOne(socket, message)
      }
      // That nobody listens comes back a moment later, if the network says so at all.
      await this.#host.clock.sleep(SETTLE_MS, signal).catch(() => {})
      await new Promise(setImmediate)
      if (this.#problem !== undefined) throw new Error(this.#problem)
      return undefined
    } catch (error) {
      this.#drop()
      const { host } = new URL(this.#o.url)
      const reason = `${host} takes no datagrams: ${(error as Error).message}; check ${this.#host.key}.url`
      return { kind: 'failed', reason }
    }
  }

  async #connect(): Promise<DatagramSocket> {
    const { createSocket } = process.getBuiltinModule('node:dgram')
    const { url, defaultPort } = this.#o
    const { hostname, port } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4')
    // Connected, so that the network can tell us that nobody is there.
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(Number(port || defaultPort), host, () => {
        socket.removeListener('error', reject)
        resolve()
      })
    }).catch(error => {
      socket.close()
      throw error
    })
    socket.on('error', error => {
      this.#problem = error.message
    })
    this.#socket = socket
    return socket
  }

  #sendOne(socket: DatagramSocket, message: Buffer): Promise<void> {
    return new Promise((resolve, reject) =>
      socket.send(message, error => (error ? reject(error) : resolve())),
    )
  }

  #drop(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}
