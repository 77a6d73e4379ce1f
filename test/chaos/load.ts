/** Clients that ask without pause over kept connections, and what they were told. */
import { Agent, request } from 'node:http'

export interface Outcome {
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** 0: the connection broke before the answer was whole. */
  readonly status: number
  /** The code of the sidecar, or of the socket. */
  readonly failure: string
}

export class Load implements AsyncDisposable {
  readonly outcomes: Outcome[] = []
  readonly #agent: Agent
  readonly #workers: Promise<void>[]
  #over = false
  #waiting: { count: number; resolve(): void } | undefined

  constructor(port: () => number, clients: number, methods: readonly ('GET' | 'POST')[] = ['GET']) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients })
    this.#workers = Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; !this.#over; turn++) {
        const method = methods[turn % methods.length]!
        this.#take(await ask(port(), `${method}-${client}-${turn}`, method, this.#agent))
      }
    })
  }

  /** Resolves after so many more answers. */
  more(count: number): Promise<void> {
    return new Promise(resolve => {
      this.#waiting = { count: this.outcomes.length + count, resolve }
    })
  }

  async end(): Promise<readonly Outcome[]> {
    this.#over = true
    await Promise.all(this.#workers)
    this.#agent.destroy()
    return this.outcomes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }

  #take(outcome: Outcome): void {
    this.outcomes.push(outcome)
    if (this.#waiting === undefined || this.outcomes.length < this.#waiting.count) return
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve()
  }
}

/** How many outcomes there are of each kind. */
export function counts(outcomes: readonly Outcome[]): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const { method, status, failure } of outcomes) {
    const kind = `${method} ${status}${failure === '' ? '' : ` ${failure}`}`
    kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

function ask(port: number, id: string, method: Outcome['method'], agent: Agent): Promise<Outcome> {
  return new Promise(resolve => {
    const end = (status: number, failure: string) => resolve({ id, method, status, failure })
    const call = request({ host: '127.0.0.1', port, path: `/${id}`, method, agent }, response => {
      let body = ''
      response.setEncoding('latin1').on('data', part => {
        body += part
      })
      response.on('error', () => {})
      response.on('close', () => {
        const { statusCode = 0, headers } = response
        const whole = response.complete && (statusCode !== 200 || body === id)
        end(whole ? statusCode : 0, String(headers['outrigger-error'] ?? (whole ? '' : 'cut')))
      })
    })
    call.on('error', (error: NodeJS.ErrnoException) => end(0, error.code ?? error.message))
    call.end()
  })
}
