import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { Refusal } from './answers.ts'

interface Wrapped {
  readonly answer: object
  readonly path: string
  readonly ttl: number
  readonly createdAtMs: number
}

/** Answers put away under tokens that open them once. */
export class Wrapping {
  readonly #clock: Clock
  readonly #all = new Map<string, Wrapped>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The answer that stands for the wrapped one. */
  wrap(answer: object, path: string, ttl: number): object {
    const token = `s.${randomBytes(12).toString('hex')}`
    const createdAtMs = this.#clock.now()
    this.#all.set(token, { answer, path, ttl, createdAtMs })
    return {
      token,
      accessor: randomBytes(12).toString('hex'),
      ttl,
      creation_time: new Date(createdAtMs).toISOString(),
      creation_path: path,
    }
  }

  lookup(token: unknown): object {
    const { path, ttl, createdAtMs } = this.#find(token)
    return { creation_path: path, creation_time: new Date(createdAtMs).toISOString(), creation_ttl: ttl }
  }

  unwrap(token: unknown): object {
    const { answer } = this.#find(token)
    this.#all.delete(token as string)
    return answer
  }

  #find(token: unknown): Wrapped {
    const wrapped = this.#all.get(String(token))
    if (wrapped === undefined || wrapped.createdAtMs + wrapped.ttl * 1000 <= this.#clock.now())
      throw new Refusal(400, ['wrapping token is not valid or does not exist'])
    return wrapped
  }
}
