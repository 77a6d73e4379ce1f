import { loadTls, UnusableFile } from '../../../../backends/http/tls-files.ts'
import {
  type RedisAnswer,
  RedisConnection,
  type RedisOptions,
} from '../../../../backends/redis/connection.ts'
import type { Reply } from '../../../../wire/resp/resp.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'
import type { RedisConfig } from './config.ts'

/** Only whole sends are under way, one at a time. */
const maxPending = 16

/** A connection that is made when a send needs one, with the certificates that are there then. */
export class RedisLink {
  readonly #config: RedisConfig
  readonly #host: OutputHost
  #connection: RedisConnection | undefined
  #giveUp: (() => void) | undefined
  #closed = false

  constructor(config: RedisConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    host.scope.defer(() => {
      this.#closed = true
      this.drop()
    })
  }

  /** Whether the connection of the last send still stands. */
  get connected(): boolean {
    return this.#connection?.connected === true
  }

  /** Undefined once there is a connection, else why there is none. */
  async connect(): Promise<FailedOutcome | undefined> {
    if (this.connected) return undefined
    this.drop()
    const { url, auth, tls, timeoutMs } = this.#config
    const { key } = this.#host
    try {
      const files = tls && (await loadTls(tls, `${key}.tls`))
      if (this.#closed) return { kind: 'failed', reason: 'stopped before there was a connection' }
      const options = { url: withUser(url, auth), timeoutMs, maxPending, ...(files && { tls: files }) }
      const reason = await this.#open(options)
      if (reason === undefined) return undefined
      this.drop()
      return failureOf(reason, key)
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error
      return { kind: 'failed', reason: error.message, refused: true }
    }
  }

  /** The answers to `count` commands, or why the connection is gone: nobody knows which were taken then. */
  async ask(commands: Buffer, count: number): Promise<Reply[] | Error> {
    const connection = this.#connection
    if (connection === undefined) return new Error('the connection is closed')
    return await new Promise(resolve => {
      const replies: Reply[] = []
      const answer: RedisAnswer = reply => {
        if (reply instanceof Error) resolve(reply)
        else if (replies.push(reply) === count) resolve(replies)
      }
      connection.sendAll(commands, count, answer)
    })
  }

  /** Why nothing came of it, if so. */
  async #open(options: RedisOptions): Promise<string | undefined> {
    return await new Promise((resolve, reject) => {
      // A connection that is closed tells nobody.
      this.#giveUp = () => resolve('stopped before there was a connection')
      try {
        this.#connection = new RedisConnection(options, {
          clock: this.#host.clock,
          random: Math.random,
          changed: (state, reason) => resolve(state === 'connected' ? undefined : reason),
        })
      } catch (error) {
        reject(
          new UnusableFile(`the files of ${this.#host.key}.tls cannot be used: ${(error as Error).message}`),
        )
      }
    })
  }

  /** The next send makes a new connection. */
  drop(): void {
    this.#giveUp?.()
    this.#giveUp = undefined
    this.#connection?.[Symbol.dispose]()
    this.#connection = undefined
  }
}

function withUser(text: string, auth: RedisConfig['auth']): URL {
  const url = new URL(text)
  if (auth === undefined) return url
  url.username = encodeURIComponent(auth.username ?? '')
  url.password = encodeURIComponent(auth.password.reveal())
  return url
}

function failureOf(reason: string, key: string): FailedOutcome {
  if (/refuses (AUTH|SELECT)|NOAUTH|NOPERM/.test(reason))
    return { kind: 'failed', reason: `${reason}; check ${key}.auth and ${key}.url`, refused: true }
  if (/certificate|self.signed|SSL|TLS|altname/i.test(reason))
    return { kind: 'failed', reason: `${reason}; check ${key}.tls and ${key}.url`, refused: true }
  return { kind: 'failed', reason: `no connection to Redis: ${reason}; check ${key}.url` }
}
