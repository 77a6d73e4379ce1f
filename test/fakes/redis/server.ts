import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { RedisConnection } from '../../../src/backends/redis/connection.ts'
import { systemClock } from '../../../src/kernel/clock/system.ts'
import type { Reply } from '../../../src/wire/resp/resp.ts'
import { freePort } from '../free-port.ts'

/** A redis-server of Debian on a port of its own, gone after the test. */
export class RedisServer {
  readonly port: number
  readonly #folder: string
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#args = args
  }

  /** `args`: further options of redis-server; what it stores lies in `folder`, which must be there. */
  static async start(t: TestContext, folder: string, args: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), folder, args)
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
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder]
    const safe = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    const child = spawn('redis-server', [...place, ...safe, ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    child.stdout.setEncoding('utf8')
    let said = ''
    for await (const [text] of onData(child)) {
      said += text
      if (said.includes('Ready to accept')) break
    }
    child.stdout.resume()
  }

  /** One command, on a connection of its own. */
  async ask(...parts: string[]): Promise<Reply> {
    return (await this.askAll([parts]))[0]
  }

  async askAll(commands: readonly string[][]): Promise<Reply[]> {
    return await new Promise((resolve, reject) => {
      const replies: Reply[] = []
      const connection = new RedisConnection(
        { url: new URL(`redis://127.0.0.1:${this.port}`), timeoutMs: 10_000, maxPending: 10_000 },
        {
          clock: systemClock(),
          random: Math.random,
          changed: (state, reason) => {
            if (state === 'away') {
              connection[Symbol.dispose]()
              reject(new Error(reason))
              return
            }
            for (const command of commands)
              connection.send(command, reply => {
                if (reply instanceof Error) return reject(reply)
                if (replies.push(reply) < commands.length) return
                resolve(replies)
                connection[Symbol.dispose]()
              })
          },
        },
      )
    })
  }
}

async function* onData(child: ChildProcess): AsyncGenerator<[string]> {
  const ended = once(child, 'exit').then(() => undefined)
  for (;;) {
    const next = await Promise.race([once(child.stdout!, 'data'), ended])
    if (next === undefined) throw new Error('redis-server ended')
    yield [String(next[0])]
  }
}
