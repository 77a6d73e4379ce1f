/** A sidecar process that carries traffic, started on a configuration that may be changed under way. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

interface Line {
  readonly level: string
  readonly module: string
  readonly event: string
  readonly [field: string]: unknown
}

export class ProxySidecar implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'outrigger-proxy-'))
  readonly lines: Line[] = []
  /** What is no line of the log, such as a stack. */
  strange = ''
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #taken = 0
  #wake: (() => void) | undefined
  #adminPort = 0

  /** `command`: the application that the sidecar supervises. */
  constructor(proxy: object, command: readonly string[] = []) {
    this.#write(proxy)
    const args = [launcher, 'run', '-c', join(this.folder, 'outrigger.yaml')]
    this.#child = spawn(process.execPath, command.length > 0 ? [...args, '--', ...command] : args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
    })
    this.#exited = once(this.#child, 'exit')
    this.#child.stdout!.resume()
    let rest = ''
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines)
        if (line.startsWith('{')) this.lines.push(JSON.parse(line))
        else this.strange += `${line}\n`
      this.#wake?.()
    })
    this.#child.on('exit', () => this.#wake?.())
  }

  static async start(proxy: object, command?: readonly string[]): Promise<ProxySidecar> {
    const sidecar = new ProxySidecar(proxy, command)
    sidecar.#adminPort = Number(
      String((await sidecar.says('listening'))['address'])
        .split(':')
        .at(-1),
    )
    return sidecar
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The next line with this event that has not been asked for. */
  async says(event: string | RegExp): Promise<Line> {
    const fits = (line: Line) => (event instanceof RegExp ? event.test(line.event) : event === line.event)
    for (;;) {
      while (this.#taken < this.lines.length) {
        const line = this.lines[this.#taken++]!
        if (fits(line)) return line
      }
      if (this.#child.exitCode !== null)
        throw new Error(`the sidecar ended before it said ${event}:\n${this.tail}`)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  /** The port of the next listener that has opened. */
  async listens(): Promise<number> {
    return ((await this.says('listening'))['address'] as { port: number }).port
  }

  /** Takes another configuration over; resolves when it holds. The log is not asked: it leaves out what it repeats too often. */
  async reload(proxy: object): Promise<void> {
    this.#write(proxy)
    const { status, text } = await this.#ask('POST', '/reload')
    if (status !== 200) throw new Error(`${text}:\n${this.tail}`)
  }

  /** The samples of the metrics page whose line begins so, added up. */
  async metric(beginning: string): Promise<number> {
    const { text } = await this.#ask('GET', '/metrics')
    const lines = text.split('\n').filter(line => line.startsWith(beginning))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  /** Resolves with the exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    await this.#exited
    return this.#child.exitCode
  }

  get tail(): string {
    return `${this.lines
      .slice(-40)
      .map(line => JSON.stringify(line))
      .join('\n')}\n${this.strange}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 9 })
  }

  #ask(method: string, path: string): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      request({ method, port: this.#adminPort, host: '127.0.0.1', path, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', part => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
        .on('error', reject)
        .end()
    })
  }

  #write(proxy: object): void {
    const config = { admin: { listen: '127.0.0.1:0' }, dataDir: join(this.folder, 'data'), proxy }
    writeFileSync(join(this.folder, 'outrigger.yaml'), JSON.stringify(config))
  }
}
