import { HttpServerError } from '../../../../http/server/error.ts'
import type { ServerRequest } from '../../../../http/server/request.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Allowance } from '../byte-budget.ts'
import { busy, Refused } from './refusal.ts'

/** What is made room for at first: most requests are smaller. */
const FIRST_BYTES = 16 * 1024

/** Gathers a body. What it holds is taken from the allowance before it is made room for. */
export class BodyBuffer {
  readonly #maxBytes: number
  readonly #allowance: Allowance
  #bytes = Buffer.alloc(0)
  #length = 0

  constructor(maxBytes: number, allowance: Allowance) {
    this.#maxBytes = maxBytes
    this.#allowance = allowance
  }

  /** Throws Refused when the body gets larger than it may, or there is no room for it now. */
  append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    if (length > this.#bytes.length) this.#grow(length)
    chunk.copy(this.#bytes, this.#length)
    this.#length = length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(needed: number): void {
    const size = Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2, FIRST_BYTES))
    reserve(this.#allowance, size - this.#bytes.length)
    const larger = Buffer.allocUnsafeSlow(size)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** Throws Refused when there is no room for so much now, or never will be. */
export function reserve(allowance: Allowance, more: number): void {
  const { budget, bytes } = allowance
  if (bytes + more > budget.totalBytes) throw tooLarge(budget.totalBytes)
  if (!allowance.tryTake(more)) throw busy('too much is under way at once')
}

export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly allowance: Allowance
  readonly clock: Clock
}

/** The whole body as it was sent. Throws Refused when it is too large, too slow or cut off. */
export async function receiveBody({ body }: ServerRequest, limits: BodyLimits): Promise<Buffer> {
  const { maxBytes, timeoutMs, allowance, clock } = limits
  if (body.declaredBytes !== undefined && body.declaredBytes > maxBytes) throw tooLarge(maxBytes)
  const buffer = new BodyBuffer(maxBytes, allowance)
  let late = false
  const timer = clock.timeout(timeoutMs, () => {
    late = true
    body.discard()
  })
  try {
    for (let chunk = await body.read(); chunk !== undefined; chunk = await body.read()) buffer.append(chunk)
  } catch (error) {
    if (!(error instanceof HttpServerError)) throw error
    throw error.code === 'body_timeout'
      ? tooSlow(error.message)
      : new Refused('malformed', error.status, error.message)
  } finally {
    timer.cancel()
  }
  if (late) throw tooSlow(`the request did not arrive within ${timeoutMs} ms`)
  return buffer.bytes
}

function tooLarge(maxBytes: number): Refused {
  return new Refused('too_large', 413, `the body is larger than ${maxBytes} bytes`)
}

function tooSlow(message: string): Refused {
  return new Refused('too_slow', 408, message, { headers: { Connection: 'close' } })
}
