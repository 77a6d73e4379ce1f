import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { freePort } from '../free-port.ts'

/** A nats-server of Debian on a port of its own, with JetStream in a folder; gone after the test. */
export class NatsServer {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  /** `config`: further lines of its configuration. */
  static async start(t: TestContext, folder: string, config = ''): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), folder)
    const own = `listen: "127.0.0.1:${server.port}"\njetstream { store_dir: "${join(folder, 'store')}" }\n`
    await writeFile(join(folder, 'nats.conf'), own + config)
    await server.back()
    t.after(() => server.away())
    return server
  }

  async away(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    this.#process = undefined
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  async back(): Promise<void> {
    const child = spawn('nats-server', ['-c', join(this.#folder, 'nats.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    })
    this.#process = child
    let said = ''
    const ended = once(child, 'exit').then(() => undefined)
    while (!said.includes('Server is ready')) {
      const next = await Promise.race([once(child.stderr, 'data'), ended])
      if (next === undefined) throw new Error(`nats-server ended: ${said}`)
      said += next[0]
    }
    child.stderr.resume()
  }

  async use<T>(work: (connection: NatsConnection) => Promise<T>, options: object = {}): Promise<T> {
    const connection = await connect({ servers: `127.0.0.1:${this.port}`, reconnect: false, ...options })
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  /** A request of JetStream's API. */
  async api(verb: string, body: object = {}): Promise<Record<string, unknown>> {
    return await this.use(async connection => {
      const answer = await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 10_000 })
      return answer.json<Record<string, unknown>>()
    })
  }

  /** Every message of a stream: its subject and text, in order. */
  async messages(stream: string): Promise<{ subject: string; text: string; headers: string }[]> {
    return await this.use(async connection => {
      const request = async <T>(verb: string, body: object) =>
        (await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 10_000 })).json<T>()
      const { state } = await request<StreamInfo>(`STREAM.INFO.${stream}`, {})
      const messages = []
      for (let seq = 1; seq <= state.last_seq; seq++) {
        const { message } = await request<StoredMessage>(`STREAM.MSG.GET.${stream}`, { seq })
        const text = (base64 = '') => Buffer.from(base64, 'base64').toString()
        messages.push({ subject: message.subject, text: text(message.data), headers: text(message.hdrs) })
      }
      return messages
    })
  }
}

interface StreamInfo {
  readonly state: { readonly last_seq: number }
}

interface StoredMessage {
  readonly message: { readonly subject: string; readonly data?: string; readonly hdrs?: string }
}
