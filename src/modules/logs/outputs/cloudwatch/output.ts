import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Credentials, credentialSources } from '../../../../backends/aws/credentials.ts'
import { nodeHashes } from '../../../../backends/aws/hashes.ts'
import type { Slice } from '../../batch.ts'
import { HttpPeer } from '../http-peer.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost, Rejection } from '../output.ts'
import { selectRecords } from '../selection.ts'
import type { CloudwatchConfig } from './config.ts'
import { Events, type PutCall, putRules } from './events.ts'
import type { AwsVerdict, RejectedEvents } from './put-answer.ts'
import { LogsService } from './service.ts'

/** Sends records to Amazon CloudWatch Logs. */
export const openCloudwatch: OpenOutput<CloudwatchConfig> = async (config, host) =>
  new CloudwatchOutput(config, host)

const recordsPerStep = 256

class CloudwatchOutput implements Output {
  readonly limits: Limits
  readonly #config: CloudwatchConfig
  readonly #host: OutputHost
  readonly #names: { readonly logGroupName: string; readonly logStreamName: string }
  /** Absent while nobody has said which region. */
  readonly #service: LogsService | undefined
  #creating: Promise<FailedOutcome | undefined> | undefined

  constructor(config: CloudwatchConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.#names = {
      logGroupName: config.group,
      logStreamName: config.stream.replaceAll('{hostname}', safeName(hostname())),
    }
    this.#service = openService(config, host)
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
    const events = await this.#collect(slices)
    const rejected: Rejection[] = []
    const reject = (ordinals: readonly number[], reason: string) => {
      const ascending = [...ordinals].sort((a, b) => a - b)
      if (ordinals.length > 0) rejected.push({ slices: selectRecords(slices, ascending), reason })
    }
    reject(events.tooLarge, `the message is larger than ${this.#host.key}.maxEvent allows`)
    const calls = events.calls()
    for (let i = 0; i < calls.length; i++) {
      const result = await this.#put(service, calls[i], signal)
      if (result.kind !== 'ok') return unsent(slices, calls, i, result, rejected)
      for (const [reason, ordinals] of rejections(calls[i], result.rejected)) reject(ordinals, reason)
    }
    return { kind: 'done', ...(rejected.length > 0 ? { rejected } : {}) }
  }

  async #collect(slices: readonly Slice[]): Promise<Events> {
    const events = new Events(this.#config.messageField, this.#config.maxEventBytes)
    for (const { frame, from, to } of slices) {
      for (let at = from; at < to; at += recordsPerStep) {
        const pause = this.#host.slice()
        if (pause) await pause
        events.add({ frame, from: at, to: Math.min(to, at + recordsPerStep) })
      }
    }
    if (events.replaced > 0) this.#host.invalidUtf8.inc(events.replaced)
    return events
  }

  /** One call, and once more when the group or the stream had to be made first. */
  async #put(service: LogsService, call: PutCall, signal: AbortSignal): Promise<PutResult> {
    const { logGroupName, logStreamName } = this.#names
    const names = `"logGroupName":${JSON.stringify(logGroupName)},"logStreamName":${JSON.stringify(logStreamName)}`
    const text = `{${names},"logEvents":${call.events}}`
    let verdict = await service.call('PutLogEvents', text, signal)
    if (verdict.kind === 'missing') {
      this.#creating ??= this.#create(service, signal).finally(() => {
        this.#creating = undefined
      })
      const failure = await this.#creating
      if (failure) return failure
      verdict = await service.call('PutLogEvents', text, signal)
    }
    return this.#resultOf(verdict)
  }

  /** Makes the stream, and the group before it when there is none. Undefined = both are there. */
  async #create(service: LogsService, signal: AbortSignal): Promise<FailedOutcome | undefined> {
    const { logGroupName, logStreamName } = this.#names
    const streamText = JSON.stringify({ logGroupName, logStreamName })
    let verdict = await service.call('CreateLogStream', streamText, signal)
    if (verdict.kind === 'missing') {
      if (!this.#config.createGroup) {
        const { key } = this.#host
        const reason = `log group ${logGroupName} does not exist: make it, set ${key}.createGroup, or check ${key}.group`
        return { kind: 'failed', reason, refused: true }
      }
      const made = await service.call('CreateLogGroup', JSON.stringify({ logGroupName }), signal)
      if (made.kind !== 'ok' && made.kind !== 'exists') return this.#failureOf(made)
      this.#host.log.info('cloudwatch_group_created', `made log group ${logGroupName}`)
      verdict = await service.call('CreateLogStream', streamText, signal)
    }
    if (verdict.kind === 'ok' || verdict.kind === 'exists') return undefined
    return this.#failureOf(verdict)
  }

  #resultOf(verdict: AwsVerdict | FailedOutcome): PutResult {
    if (verdict.kind === 'ok') return verdict
    // An older service tells that a resent batch had arrived.
    if (verdict.kind === 'exists') return { kind: 'ok', rejected: {} }
    if (verdict.kind === 'too_large') return verdict
    return this.#failureOf(verdict)
  }

  #failureOf(verdict: AwsVerdict | FailedOutcome): FailedOutcome {
    const { key } = this.#host
    switch (verdict.kind) {
      case 'failed':
        return verdict
      case 'credentials': {
        const from =
          this.#config.accessKeyId === undefined
            ? 'the AWS credentials of the environment'
            : `${key}.accessKeyId`
        return { kind: 'failed', reason: `${verdict.reason}; check ${from}`, refused: true }
      }
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

type PutResult =
  | { readonly kind: 'ok'; readonly rejected: RejectedEvents }
  | FailedOutcome
  | Extract<Outcome, { kind: 'too_large' }>

/** Call `at` did not succeed: those before it did. */
function unsent(
  slices: readonly Slice[],
  calls: readonly PutCall[],
  at: number,
  result: Exclude<PutResult, { kind: 'ok' }>,
  rejected: readonly Rejection[],
): Outcome {
  if (at === 0 && (rejected.length === 0 || result.kind === 'failed')) return result
  const ordinals = calls.slice(at).flatMap(call => call.ordinals)
  const retry = selectRecords(
    slices,
    ordinals.sort((a, b) => a - b),
  )
  return { kind: 'done', retry, ...(rejected.length > 0 ? { rejected } : {}) }
}

function rejections(
  call: PutCall,
  { tooOldEnd = 0, expiredEnd = 0, tooNewStart }: RejectedEvents,
): [string, readonly number[]][] {
  const { ordinals } = call
  const oldEnd = Math.max(tooOldEnd, expiredEnd)
  return [
    ['the service refuses it as older than 14 days', ordinals.slice(expiredEnd, oldEnd)],
    ['the service refuses it as older than the log group’s retention', ordinals.slice(0, expiredEnd)],
    [
      'the service refuses it as more than two hours in the future',
      ordinals.slice(tooNewStart ?? ordinals.length),
    ],
  ]
}

function openService(config: CloudwatchConfig, host: OutputHost): LogsService | undefined {
  const region = config.region ?? (host.env['AWS_REGION'] || host.env['AWS_DEFAULT_REGION'])
  if (!region) return undefined
  const endpoint = new URL(config.endpoint ?? `https://logs.${region}.${domainOf(region)}`)
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
  const credentials = new Credentials(credentialSources(sourceOptions(config, host)), now)
  const credentialsKey = `${host.key}.accessKeyId`
  return new LogsService({ peer, endpoint, region, credentials, credentialsKey, hashes: nodeHashes(), now })
}

function sourceOptions(config: CloudwatchConfig, host: OutputHost): Parameters<typeof credentialSources>[0] {
  const { accessKeyId, secretAccessKey, sessionToken, profile } = config
  const fixed =
    accessKeyId === undefined || !secretAccessKey
      ? undefined
      : {
          accessKeyId,
          secretAccessKey: secretAccessKey.reveal(),
          ...(sessionToken ? { sessionToken: sessionToken.reveal() } : {}),
        }
  return {
    env: host.env,
    readFile: readIfThere,
    ...(fixed ? { fixed } : {}),
    ...(profile === undefined ? {} : { profile }),
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}

function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
}

function safeName(name: string): string {
  return name.replace(/[:*]/g, '-')
}
