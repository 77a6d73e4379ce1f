import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface Memory {
  readonly rss: number
  readonly heapUsed: number
  /** Bytes of Buffers, mostly. */
  readonly external: number
  /** Of clients. */
  readonly connections: number
}

/** A proxy before one endpoint, in a process with the flags that the product runs with. */
export class MeasuredProxy implements AsyncDisposable {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, port: number) {
    this.#process = process
    this.port = port
  }

  static async start(endpoint: string, protocol: 'http1' | 'http2'): Promise<MeasuredProxy> {
    const child = fork(join(import.meta.dirname, 'measured-proxy.ts'), [endpoint, protocol], {
      execArgv: ['--expose-gc', '--max-semi-space-size=4'],
    })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return new MeasuredProxy(child, port)
  }

  async memory(): Promise<Memory> {
    this.#process.send('memory')
    return (await once(this.#process, 'message'))[0] as Memory
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.disconnect()
    await once(this.#process, 'exit')
  }
}
