import type { AwsSigner } from '../../../../backends/aws/signer.ts'
import type { HttpPeer } from '../../../../backends/http/peer.ts'
import { parseRetryAfter } from '../../../../backends/http/retry-after.ts'
import type { FailedOutcome } from '../output.ts'
import { type AwsVerdict, judgeAws } from './put-answer.ts'

export interface ServiceOptions {
  readonly peer: HttpPeer
  readonly endpoint: URL
  readonly signer: AwsSigner
  /** Events are in the embedded metric format. */
  readonly metrics: boolean
  readonly now: () => number
}

/** The JSON 1.1 protocol of CloudWatch Logs: every action is a signed POST to the root. */
export class LogsService {
  readonly #options: ServiceOptions
  readonly #path: string

  constructor(options: ServiceOptions) {
    this.#options = options
    this.#path = options.endpoint.pathname
  }

  /** The service's verdict, or why there is none. */
  async call(action: string, text: string, signal: AbortSignal): Promise<AwsVerdict | FailedOutcome> {
    const { peer, signer, endpoint, metrics, now } = this.#options
    const body = Buffer.from(text)
    const request = {
      method: 'POST',
      path: this.#path,
      headers: {
        host: endpoint.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Logs_20140328.${action}`,
        ...(metrics ? { 'x-amzn-logs-format': 'json/emf' } : {}),
      },
      body,
    }
    const signed = await signer.sign(request)
    if ('failure' in signed) return signed.failure
    const answer = await peer.request({ ...request, ...signed, maxAnswerBytes: 64 * 1024 }, signal)
    if ('failure' in answer) return answer.failure
    const verdict = judgeAws(answer.status, answer.body)
    if (verdict.kind === 'credentials') signer.forget()
    const afterMs = parseRetryAfter(answer.header('retry-after'), now())
    return verdict.kind === 'failed' && afterMs !== undefined ? { ...verdict, afterMs } : verdict
  }
}
