import { AwsSigner, awsDomain } from '../../../../backends/aws/signer.ts'
import { HttpPeer, type PeerAnswer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { Health } from '../../../../kernel/module.ts'
import type { SourceHost } from '../host.ts'
import { SourceFailure } from '../source.ts'
import type { AwsServiceConfig } from './config.ts'
import { type AwsRefusal, readRefusal } from './refusal.ts'

/** The members of an answer. */
export type AwsAnswer = Readonly<Record<string, unknown>>

type ServiceHost = Pick<SourceHost, 'clock' | 'env' | 'slice' | 'scope' | 'key'>

const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** One service of AWS with the protocol JSON 1.1: every action is a signed POST to the root. */
export class AwsService {
  readonly #host: ServiceHost
  readonly #target: string
  readonly #signer: AwsSigner
  readonly #endpoint: URL
  readonly #peer: HttpPeer
  #failure: SourceFailure | undefined

  /** `service`: as it is signed for; `target`: what stands before the actions. */
  constructor(
    config: AwsServiceConfig,
    host: ServiceHost,
    { service, target }: { readonly service: string; readonly target: string },
  ) {
    const { key } = host
    this.#host = host
    this.#target = target
    this.#signer = new AwsSigner({ config, host, key, service })
    // Without a region nothing is sent, and the signer says so.
    const region = this.#signer.region ?? 'unknown'
    this.#endpoint = new URL(config.endpoint ?? `https://${service}.${region}.${awsDomain(region)}`)
    this.#peer = new HttpPeer(host, {
      url: this.#endpoint.origin,
      urlKey: `${key}.endpoint`,
      tls: config.tls,
      tlsKey: `${key}.tls`,
      maxConnections: config.connections,
      idleTimeoutMs: 5000,
      timeoutMs: config.timeoutMs,
    })
  }

  /** Rejects with a SourceFailure that says what was asked of what, or with the signal's reason. */
  async call(action: string, input: object, subject: string, signal: AbortSignal): Promise<AwsAnswer> {
    try {
      const answer = await this.#call(action, input, subject, signal)
      this.#failure = undefined
      return answer
    } catch (error) {
      if (error instanceof SourceFailure)
        this.#failure = error.reason === 'missing' || error.reason === 'invalid' ? undefined : error
      throw error
    }
  }

  health(): Health {
    if (this.#failure === undefined) return { ready: true, state: 'ok' }
    return { ready: true, state: 'degraded', message: this.#failure.message }
  }

  async #call(action: string, input: object, subject: string, signal: AbortSignal): Promise<AwsAnswer> {
    signal.throwIfAborted()
    const request = {
      method: 'POST',
      path: this.#endpoint.pathname,
      headers: {
        host: this.#endpoint.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${this.#target}.${action}`,
      },
      body: Buffer.from(JSON.stringify(input)),
    }
    const signed = await this.#signer.sign(request)
    signal.throwIfAborted()
    if ('failure' in signed) {
      const { refused, reason } = signed.failure
      throw new SourceFailure(refused === true ? 'forbidden' : 'unavailable', `${subject}: ${reason}`)
    }
    const answer = await this.#peer.request(
      { ...request, ...signed, maxAnswerBytes: MAX_ANSWER_BYTES },
      signal,
    )
    signal.throwIfAborted()
    if ('failure' in answer) throw new SourceFailure('unavailable', `${subject}: ${answer.failure.reason}`)
    return this.#read(answer, `${action} of ${subject}`)
  }

  #read(answer: PeerAnswer, what: string): AwsAnswer {
    const members = membersOf(answer.body)
    answer.body.fill(0)
    const { status } = answer
    if (status >= 200 && status < 300) {
      if (members !== undefined) return members
      throw new SourceFailure('unavailable', `${what}: ${this.#endpoint.host} does not answer as AWS does`)
    }
    const refusal = readRefusal(status, members ?? {})
    if (refusal.isOfCredentials) this.#signer.forget()
    const retryAfterMs = parseRetryAfter(answer.header('retry-after'), this.#host.clock.now())
    throw new SourceFailure(refusal.reason, `${what}: ${this.#words(refusal)}`, {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }

  #words({ reason, words, mend }: AwsRefusal): string {
    const todo = mend ?? (reason === 'forbidden' ? this.#signer.mend : undefined)
    return todo === undefined ? words : `${words}; ${todo}`
  }
}

/** Undefined when it is no JSON object. */
function membersOf(body: Buffer): AwsAnswer | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as AwsAnswer)
      : undefined
  } catch {
    return undefined
  }
}
