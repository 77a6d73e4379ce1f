import { readFile } from 'node:fs/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { loadTls, UnusableFile } from '../../../../backends/http/tls-files.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'
import type { NatsConfig } from './config.ts'

type Nats = typeof import('@nats-io/transport-node')

/** A connection, and what the server has told about it without being asked. */
export interface NatsLine {
  readonly nats: Nats
  readonly connection: NatsConnection
  /** The server's last complaint, such as a subject that this user may not publish to. */
  complaint: string | undefined
}

/** Makes a connection when a send needs one; when it breaks, the next send makes another. */
export class NatsLink {
  readonly #config: NatsConfig
  readonly #host: OutputHost
  readonly #closing = new AbortController()
  #line: NatsLine | undefined

  constructor(config: NatsConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    host.scope.defer(async () => {
      this.#closing.abort()
      await this.#line?.connection.close()
    })
  }

  /** Aborted once the output is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  async connect(): Promise<NatsLine | FailedOutcome> {
    if (this.#line !== undefined && !this.#line.connection.isClosed()) return this.#line
    const { key } = this.#host
    try {
      const nats = await import('@nats-io/transport-node')
      const options = await this.#options(nats)
      const line: NatsLine = { nats, connection: await nats.connect(options), complaint: undefined }
      if (this.#closing.signal.aborted) {
        await line.connection.close()
        return { kind: 'failed', reason: 'stopped before there was a connection' }
      }
      this.#line = line
      void listen(line)
      return line
    } catch (error) {
      if (error instanceof UnusableFile) return { kind: 'failed', reason: error.message, refused: true }
      return failureOf(error as Error, key)
    }
  }

  /** The next send makes a new connection. */
  async drop(): Promise<void> {
    const line = this.#line
    this.#line = undefined
    await line?.connection.close()
  }

  async #options(nats: Nats) {
    const { servers, auth, tls, timeoutMs } = this.#config
    const { key } = this.#host
    const files = tls && (await loadTls(tls, `${key}.tls`))
    const asked = tls !== undefined || servers.some(url => url.startsWith('tls:'))
    const text = (pem: unknown) => (pem === undefined ? undefined : String(pem))
    return {
      servers: servers.map(url => url.replace(/^\w+:\/\//, '').replace(/\/$/, '')),
      name: `outrigger ${this.#host.name}`,
      timeout: timeoutMs,
      // The delivery decides when to try again.
      reconnect: false,
      noAsyncTraces: true,
      ...(asked && {
        tls: given({
          ca: text(files?.ca),
          cert: text(files?.cert),
          key: text(files?.key),
          servername: files?.serverName,
          rejectUnauthorized: files?.verify,
        }),
      }),
      ...given({
        user: auth?.username,
        pass: auth?.password?.reveal(),
        token: auth?.token?.reveal(),
        authenticator:
          auth?.creds !== undefined
            ? nats.credsAuthenticator(await read(auth.creds, `${key}.auth.creds`))
            : auth?.nkey !== undefined
              ? nats.nkeyAuthenticator(trimmed(await read(auth.nkey, `${key}.auth.nkey`)))
              : undefined,
      }),
    }
  }
}

/** Without what is undefined: the library takes that for a value. */
function given<T extends object>(options: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}

async function read(path: string, option: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new UnusableFile(`the file of ${option} cannot be read: ${(error as Error).message}`)
  }
}

function trimmed(seed: Buffer): Buffer {
  return Buffer.from(seed.toString('latin1').trim(), 'latin1')
}

async function listen(line: NatsLine): Promise<void> {
  for await (const status of line.connection.status())
    if (status.type === 'error') line.complaint = status.error.message
}

function failureOf({ message, name, cause }: Error, key: string): FailedOutcome {
  const reason =
    cause instanceof Error && !message.includes(cause.message) ? `${message}: ${cause.message}` : message
  if (name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError')
    return { kind: 'failed', reason: `NATS refuses us: ${reason}; check ${key}.auth`, refused: true }
  if (/certificate|tls|ssl|self.signed|altname/i.test(reason))
    return { kind: 'failed', reason: `no TLS with NATS: ${reason}; check ${key}.tls`, refused: true }
  if (name === 'TypeError' || /nkey|seed|jwt|unable to parse|authenticat/i.test(reason))
    return { kind: 'failed', reason: `NATS: ${reason}; check ${key}.auth`, refused: true }
  return { kind: 'failed', reason: `no connection to NATS: ${reason}; check ${key}.servers` }
}
