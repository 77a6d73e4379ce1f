import type { Instance } from './stock-service.ts'

/** What befalls one instance, over and over: parts of a cycle. */
const CHAPTERS = [
  { at: 0.15, tell: 'has a bad day: late, and 503 to two of five', act: (it: Instance) => it.haveBadDay() },
  { at: 0.4, tell: 'is killed', act: (it: Instance) => it.kill() },
  { at: 0.55, tell: 'is back', act: (it: Instance) => it.begin() },
] as const

const CYCLE_MS = 20_000

export interface Event {
  readonly atMs: number
  readonly text: string
}

/**
 * Keeps the last events for the screen: what the story does to an instance, and what the sidecar says in its log that
 * it does about it.
 */
export class Story {
  readonly #victim: Instance
  readonly #cycleMs: number
  readonly #nowMs: () => number
  readonly #events: Event[] = []
  #ended = false
  #next: NodeJS.Timeout | undefined

  /** A run that is shorter than a cycle shows all of it. */
  constructor(victim: Instance, runMs: number | undefined, nowMs: () => number) {
    this.#victim = victim
    this.#cycleMs = Math.min(CYCLE_MS, runMs ?? CYCLE_MS)
    this.#nowMs = nowMs
    this.#schedule(0)
  }

  get events(): readonly Event[] {
    return this.#events
  }

  tell(text: string): void {
    this.#events.push({ atMs: this.#nowMs(), text })
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#next)
  }

  #schedule(chapter: number): void {
    const { at, tell, act } = CHAPTERS[chapter % CHAPTERS.length]!
    const dueMs = (Math.floor(chapter / CHAPTERS.length) + at) * this.#cycleMs
    this.#next = setTimeout(async () => {
      await act(this.#victim)
      if (this.#ended) return
      this.tell(`${this.#victim.name} ${tell}`)
      this.#schedule(chapter + 1)
    }, dueMs - this.#nowMs())
  }
}

/** A line of the sidecar's log that tells of a circuit. */
export function circuitChange(line: string): { address: string; open: boolean; text: string } | undefined {
  if (!line.includes('"endpoint_ejected"') && !line.includes('"endpoint_returned"')) return undefined
  const { event, endpoint, cause, forMs } = JSON.parse(line)
  const open = event === 'endpoint_ejected'
  const why = String(cause).replaceAll('_', ' ')
  const text = open ? `opens for ${(forMs / 1000).toFixed(1)} s: ${why}` : 'closes: it may be asked again'
  return { address: endpoint, open, text }
}
