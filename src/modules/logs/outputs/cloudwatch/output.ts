import { hostname } from 'node:os'
import { AwsSigner, awsDomain } from '../../../../backends/aws/signer.ts'
import { HttpPeer } from '../../../../backends/http/peer.ts'
import type { Slice } from '../../batch.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { type PartOutcome, sendRequests } from '../requests.ts'
import { selectRecords } from '../selection.ts'
import type { CloudwatchConfig } from './config.ts'
import { type PutCall, putRules } from './events.ts'
import type { AwsVerdict, RejectedEvents } from './put-answer.ts'
import { LogsService } from './service.ts'
import { type LogTarget, Targets } from './targets.ts'

/** Sends records to Amazon CloudWatch Logs. */
export const openCloudwatch: OpenOutput<CloudwatchConfig> = async (config, host) =>
  new CloudwatchOutput(config, host)

const recordsPerStep = 256

class CloudwatchOutput implements Output {
  readonly limits: Limits
  readonly #config: CloudwatchConfig
  readonly #host: OutputHost
  readonly #targets: Targets
  readonly #signer: AwsSigner
  /** Absent while nobody has said which region. */
  readonly #service: LogsService | undefined
  /** By group and stream. */
  readonly #creating = new Map<string, Promise<FailedOutcome | undefined>>()

  constructor(config: CloudwatchConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#targets = new Targets(config, hostname())
    this.#signer = new AwsSigner({ config, host, key: host.key, service: 'logs' })
    this.#service = openService(config, host, this.#signer)
    const overhead = putRules.maxEvents * putRules.eventOverheadBytes
    this.limits = {
      // So a send of whole records is one call: even the most records leave room for their overhead.
      maxBytes: putRules.maxBytes - overhead,
      maxRecords: putRules.maxEvents,
      maxAgeMs: config.flushIntervalMs,
      concurrency: config.concurrency,
    }
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    const service = this.#service
    if (!service) {
      const reason = `the AWS region is not known: set ${this.#host.key}.region or AWS_REGION`
      return { kind: 'failed', reason, refused: true }
    }
    const events = this.#targets.begin()
    for (const { frame, from, to } of slices) {
      for (let at = from; at < to; at += recordsPerStep) {
        const pause = this.#host.slice()
        if (pause) await pause
        events.add({ frame, from: at, to: Math.min(to, at + recordsPerStep) })
      }
    }
    if (events.replaced > 0) this.#host.invalidUtf8.inc(events.replaced)
    const outcome = await sendRequests(slices, events.calls(), ({ target, call }) =>
      this.#put(service, target, call, signal),
    )
    const { tooLarge } = events
    if (tooLarge.length === 0 || outcome.kind !== 'done') return outcome
    const reason = `the message is larger than ${this.#host.key}.maxEvent allows`
    const rejected = [...(outcome.rejected ?? []), { slices: selectRecords(slices, tooLarge), reason }]
    return { ...outcome, rejected }
  }

  /** One call, and once more when the group or the stream had to be made first. */
  async #put(
    service: LogsService,
    target: LogTarget,
    call: PutCall,
    signal: AbortSignal,
  ): Promise<PartOutcome> {
    const names = `"logGroupName":${JSON.stringify(target.group)},"logStreamName":${JSON.stringify(target.stream)}`
    const text = `{${names},"logEvents":${call.events}}`
    let verdict = await service.call('PutLogEvents', text, signal)
    if (verdict.kind === 'missing') {
      const failure = await this.#makeOnce(service, target, signal)
      if (failure) return failure
      verdict = await service.call('PutLogEvents', text, signal)
    }
    if (verdict.kind === 'too_large') return verdict
    // An older service tells that a resent batch had arrived.
    if (verdict.kind === 'exists') return { kind: 'done' }
    if (verdict.kind === 'ok') return { kind: 'done', rejected: rejections(call, verdict.rejected) }
    return this.#failureOf(verdict)
  }

  async #makeOnce(
    service: LogsService,
    target: LogTarget,
    signal: AbortSignal,
  ): Promise<FailedOutcome | undefined> {
    const { id } = target
    let creating = this.#creating.get(id)
    if (creating === undefined) {
      creating = this.#make(service, target, signal).finally(() => this.#creating.delete(id))
      this.#creating.set(id, creating)
    }
    return await creating
  }

  /** Makes the stream, and the group before it when there is none. Undefined = both are there. */
  async #make(
    service: LogsService,
    { group, stream }: LogTarget,
    signal: AbortSignal,
  ): Promise<FailedOutcome | undefined> {
    const streamText = JSON.stringify({ logGroupName: group, logStreamName: stream })
    let verdict = await service.call('CreateLogStream', streamText, signal)
    if (verdict.kind === 'missing') {
      if (!this.#config.createGroup) {
        const { key } = this.#host
        const reason = `log group ${group} does not exist: make it, set ${key}.createGroup, or check ${key}.group`
        return { kind: 'failed', reason, refused: true }
      }
      const failure = await this.#makeGroup(service, group, signal)
      if (failure) return failure
      verdict = await service.call('CreateLogStream', streamText, signal)
    }
    if (verdict.kind === 'ok' || verdict.kind === 'exists') return undefined
    return this.#failureOf(verdict)
  }

  async #makeGroup(
    service: LogsService,
    group: string,
    signal: AbortSignal,
  ): Promise<FailedOutcome | undefined> {
    const { groupClass, retentionDays } = this.#config
    const text = JSON.stringify({ logGroupName: group, ...(groupClass ? { logGroupClass: groupClass } : {}) })
    const made = await service.call('CreateLogGroup', text, signal)
    if (made.kind === 'exists') return undefined
    if (made.kind !== 'ok') return this.#failureOf(made)
    this.#host.log.info('cloudwatch_group_created', `made log group ${group}`)
    if (retentionDays === undefined) return undefined
    const policy = JSON.stringify({ logGroupName: group, retentionInDays: retentionDays })
    const kept = await service.call('PutRetentionPolicy', policy, signal)
    if (kept.kind === 'ok') return undefined
    // The group is there, and records are worth more than the number of days for which they are kept.
    const reason = 'reason' in kept ? kept.reason : kept.kind
    this.#host.log.warn(
      'cloudwatch_retention_failed',
      `log group ${group} keeps its events for ever: ${reason}`,
    )
    return undefined
  }

  #failureOf(verdict: AwsVerdict | FailedOutcome): FailedOutcome {
    const { key } = this.#host
    switch (verdict.kind) {
      case 'failed':
        return verdict
      case 'credentials':
        return { kind: 'failed', reason: `${verdict.reason}; ${this.#signer.mend}`, refused: true }
      case 'refused':
      case 'missing': {
        const reason = `${verdict.reason}; check ${key}.group, ${key}.region and that the credentials may write there`
        return { kind: 'failed', reason, refused: true }
      }
      default:
        return {
          kind: 'failed',
          reason: 'reason' in verdict ? verdict.reason : 'an answer that makes no sense here',
        }
    }
  }
}

function rejections(
  call: PutCall,
  { tooOldEnd = 0, expiredEnd = 0, tooNewStart }: RejectedEvents,
): { readonly ordinals: readonly number[]; readonly reason: string }[] {
  const { ordinals } = call
  const oldEnd = Math.max(tooOldEnd, expiredEnd)
  const told: [string, readonly number[]][] = [
    ['the service refuses it as older than 14 days', ordinals.slice(expiredEnd, oldEnd)],
    ['the service refuses it as older than the log group’s retention', ordinals.slice(0, expiredEnd)],
    [
      'the service refuses it as more than two hours in the future',
      ordinals.slice(tooNewStart ?? ordinals.length),
    ],
  ]
  return told
    .filter(([, some]) => some.length > 0)
    .map(([reason, some]) => ({ reason, ordinals: [...some].sort((a, b) => a - b) }))
}

function openService(config: CloudwatchConfig, host: OutputHost, signer: AwsSigner): LogsService | undefined {
  const { region } = signer
  if (region === undefined) return undefined
  const endpoint = new URL(config.endpoint ?? `https://logs.${region}.${awsDomain(region)}`)
  const peer = new HttpPeer(host, {
    url: endpoint.href,
    urlKey: config.endpoint === undefined ? `${host.key}.region` : `${host.key}.endpoint`,
    tls: config.tls,
    tlsKey: `${host.key}.tls`,
    maxConnections: config.concurrency,
    // The service closes idle connections after 6 s; one that it is just closing must not get a request.
    idleTimeoutMs: 4000,
    timeoutMs: config.timeoutMs,
  })
  const now = () => host.clock.now()
  return new LogsService({ peer, endpoint, signer, metrics: config.embeddedMetrics, now })
}
