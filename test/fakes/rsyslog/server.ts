import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../free-port.ts'
import { missing } from '../programs.ts'

const MARKER = 'marker-of-the-test'

/** A real rsyslogd that writes what it takes by TCP and UDP into a file, one JSON object a message. */
export class Rsyslog {
  readonly port: number
  readonly #folder: string
  #child: ChildProcess | undefined
  #markers = 0

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  static async start(t: TestContext, folder: string): Promise<Rsyslog> {
    const server = new Rsyslog(folder, await freePort())
    t.after(() => server.away())
    await server.back()
    return server
  }

  /** What it has taken until now: the properties that it understood of each message. */
  async messages(): Promise<Readonly<Record<string, string>>[]> {
    if (this.#child !== undefined) await this.#catchUp()
    return (await this.#written()).filter(message => message['app-name'] !== MARKER)
  }

  /** It writes a moment after it has taken: once it has written what comes after all else, that is there, too. */
  async #catchUp(): Promise<void> {
    const id = `${MARKER}-${++this.#markers}`
    await tell(this.port, `<14>1 - - ${MARKER} - - - ${id}\n`)
    const deadline = Date.now() + 60_000
    while (!(await this.#written()).some(({ msg }) => msg?.trim() === id)) {
      if (Date.now() > deadline) throw new Error('rsyslogd does not write what it was sent')
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }

  /** Of whole lines. */
  async #written(): Promise<Readonly<Record<string, string>>[]> {
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line))
  }

  async back(): Promise<void> {
    const config = join(this.#folder, 'rsyslog.conf')
    await writeFile(config, this.#config())
    const pid = join(this.#folder, 'rsyslog.pid')
    const child = spawn('/usr/sbin/rsyslogd', ['-n', '-f', config, '-i', pid], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', chunk => {
      errors += chunk
    })
    this.#child = child
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (child.exitCode !== null || tries > 600) throw new Error(`rsyslogd did not start: ${errors}`)
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  async away(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null) return
    const exited = once(child, 'exit')
    // It listens before it minds signals: one that comes in between is lost.
    const asking = setInterval(() => child.kill('SIGTERM'), 500)
    child.kill('SIGTERM')
    await exited
    clearInterval(asking)
  }

  get #file(): string {
    return join(this.#folder, 'messages.ndjson')
  }

  #config(): string {
    const properties = [
      'msg',
      'hostname',
      'app-name',
      'procid',
      'msgid',
      'structured-data',
      'syslogfacility-text',
      'syslogseverity-text',
      'timereported',
    ]
    const fields = properties.map(
      name =>
        `property(outname="${name}" name="${name}" format="jsonf"${name === 'timereported' ? ' dateFormat="rfc3339"' : ''})`,
    )
    return `
global(workDirectory="${this.#folder}" maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off")
module(load="imtcp")
module(load="imudp")
template(name="json" type="list") { constant(value="{") ${fields.join(' constant(value=",") ')} constant(value="}\\n") }
ruleset(name="all") { action(type="omfile" file="${this.#file}" template="json" flushOnTXEnd="on") }
input(type="imtcp" port="${this.port}" address="127.0.0.1" ruleset="all")
input(type="imudp" port="${this.port}" address="127.0.0.1" ruleset="all")
`
  }
}

function tell(port: number, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text))
    socket.on('close', () => resolve()).on('error', reject)
    socket.resume()
  })
}

/** Why it cannot be tried here. */
export const noRsyslog = missing('rsyslogd') || undefined

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
