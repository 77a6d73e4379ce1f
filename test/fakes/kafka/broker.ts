import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { Consumer } from '@platformatic/kafka'
import { freePort } from '../free-port.ts'
import { missing } from '../programs.ts'

const program = 'kfake-broker'

/** Why there is no broker on this machine. It is built of main.go beside this file, where there is a Go. */
export const withoutBroker = missing(program)

/** CI allows no skipped tests: there those with a broker exist only with the program. */
export const brokerTests = withoutBroker === false || process.env['CI'] !== 'true'

export interface StoredMessage {
  readonly partition: number
  readonly key: string | undefined
  readonly value: string
  readonly timeMs: number
  readonly headers: Readonly<Record<string, string>>
}

/** A Kafka broker in a process of its own, gone after the test. */
export class KafkaBroker {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(port: number, child: ChildProcess) {
    this.port = port
    this.#process = child
  }

  static async start(t: TestContext, args: readonly string[] = []): Promise<KafkaBroker> {
    const port = await freePort()
    const child = spawn(program, ['-port', String(port), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    const broker = new KafkaBroker(port, child)
    t.after(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    await broker.#answer()
    return broker
  }

  async away(): Promise<void> {
    this.#process.stdin!.write('away\n')
    await this.#answer()
  }

  async back(): Promise<void> {
    this.#process.stdin!.write('back\n')
    await this.#answer()
  }

  async #answer(): Promise<void> {
    const { stdout } = this.#process
    const line = await Promise.race([
      once(stdout!, 'data'),
      once(this.#process, 'exit').then(() => undefined),
    ])
    if (line === undefined) throw new Error(`${program} ended`)
  }

  /** Everything that the topic holds, partition by partition. */
  async messages(topic: string, partitions = 3): Promise<StoredMessage[]> {
    const consumer = new Consumer({
      clientId: 'test',
      groupId: `test-${Math.random()}`,
      bootstrapBrokers: [`127.0.0.1:${this.port}`],
      retries: 3,
    })
    try {
      const all = Array.from({ length: partitions }, (_, partition) => partition)
      const offsets = await consumer.listOffsets({ topics: [topic], partitions: { [topic]: all } })
      const ends = offsets.get(topic) ?? []
      const total = ends.reduce((sum, end) => sum + Number(end), 0)
      if (total === 0) return []
      const stream = await consumer.consume({
        topics: [topic],
        mode: 'earliest',
        autocommit: false,
        maxWaitTime: 50,
      })
      const messages: StoredMessage[] = []
      for await (const message of stream) {
        messages.push({
          partition: message.partition,
          key: message.key?.toString(),
          value: message.value.toString(),
          timeMs: Number(message.timestamp),
          headers: Object.fromEntries(
            [...message.headers].map(([name, value]) => [String(name), String(value)]),
          ),
        })
        if (messages.length === total) break
      }
      await stream.close()
      return messages.sort((a, b) => a.partition - b.partition)
    } finally {
      await consumer.close(true)
    }
  }
}
