import type { Program } from './program.ts'

export type Mood = 'well' | 'bad day' | 'killed'

/** An instance of the stock service as the screen shows it. */
export interface InstanceView {
  readonly name: string
  readonly mood: Mood
  /** As the sidecar says: an instance whose circuit is open is not asked. */
  readonly circuit: 'closed' | 'open'
  /** Requests that it got, over all its lives. */
  readonly requests: number
}

/** One instance: a process that may be killed and comes back on the same port. */
export class Instance {
  readonly name: string
  readonly #start: (port: number) => Program
  #program!: Program
  #port = 0
  #mood: Mood = 'well'
  #before = 0
  #requests = 0
  circuit: 'closed' | 'open' = 'closed'

  constructor(name: string, start: (port: number) => Program) {
    this.name = name
    this.#start = start
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  async begin(): Promise<void> {
    this.#program = this.#start(this.#port)
    this.#port = (await this.#program.says())['port'] ?? 0
    this.#before += this.#requests
    this.#requests = 0
    this.#mood = 'well'
  }

  haveBadDay(): void {
    this.#program.signal('SIGUSR2')
    this.#mood = 'bad day'
  }

  kill(): void {
    this.#program.kill()
    this.#mood = 'killed'
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  async view(): Promise<InstanceView> {
    if (this.#mood !== 'killed') {
      const stats = await fetch(`http://${this.address}/stats`).then(
        response => response.json() as Promise<Record<string, number>>,
        () => undefined,
      )
      this.#requests = stats?.['requests'] ?? this.#requests
    }
    return {
      name: this.name,
      mood: this.#mood,
      circuit: this.circuit,
      requests: this.#before + this.#requests,
    }
  }
}
