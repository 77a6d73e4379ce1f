import { UnusableFile } from '../../../../backends/http/tls-files.ts'
import { inTurns } from '../../../../kernel/long-work.ts'
import type { Slice } from '../../batch.ts'
import type { FailedOutcome, Limits, OpenOutput, Outcome, Output, OutputHost, Rejection } from '../output.ts'
import type { PartOutcome } from '../requests.ts'
import { countRecords, selectRecords } from '../selection.ts'
import { type KafkaMessage, MessageWriter } from './batches.ts'
import { type Cluster, openCluster } from './cluster.ts'
import type { KafkaConfig } from './config.ts'
import { faultOf } from './fault.ts'

/** Produces records to Kafka: one batch for each partition of a send, all of them at once. */
export const openKafka: OpenOutput<KafkaConfig> = async (config, host) => new KafkaOutput(config, host)

/** Messages of a send that share a batch. */
interface PartitionBatch {
  readonly topic: string
  readonly messages: readonly KafkaMessage[]
  readonly outcome: PartOutcome
}

class KafkaOutput implements Output {
  readonly limits: Limits
  readonly #config: KafkaConfig
  readonly #host: OutputHost
  readonly #closing = new AbortController()
  #cluster: Promise<Cluster> | undefined
  /** Counts sends: messages without a key of one send share a partition, which makes their batch large. */
  #turn = 0

  constructor(config: KafkaConfig, host: OutputHost) {
    this.#config = config
    this.#host = host
    this.limits = {
      maxBytes: config.maxBatchBytes,
      maxRecords: 10_000,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
    host.scope.defer(() => {
      this.#closing.abort()
      this.#drop()
    })
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (countRecords(slices) === 0) return { kind: 'done' }
    const stop = AbortSignal.any([signal, this.#closing.signal])
    if (stop.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    const stopped = Promise.withResolvers<Outcome>()
    const onStop = () => stopped.resolve({ kind: 'failed', reason: 'stopped before Kafka had answered' })
    stop.addEventListener('abort', onStop, { once: true })
    try {
      return await Promise.race([this.#send(slices, stop), stopped.promise])
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }

  async #send(slices: readonly Slice[], stop: AbortSignal): Promise<Outcome> {
    const writer = new MessageWriter(this.#config)
    const topics = await inTurns(writer.byTopic(slices), this.#host.slice)
    if (writer.json.replaced > 0) this.#host.invalidUtf8.inc(writer.json.replaced)
    let cluster: Cluster
    try {
      this.#cluster ??= openCluster(this.#config, this.#host)
      cluster = await this.#cluster
    } catch (error) {
      this.#cluster = undefined
      if (error instanceof UnusableFile) return { kind: 'failed', reason: error.message, refused: true }
      throw error
    }
    if (stop.aborted) return { kind: 'failed', reason: 'stopped before anything was sent' }
    this.#turn++
    const parts = await Promise.all(
      [...topics].map(([topic, messages]) => this.#toTopic(cluster, topic, messages)),
    )
    const outcome = outcomeOf(slices, parts.flat())
    // New connections, certificates and metadata: the old ones may be what is wrong.
    if (outcome.kind === 'failed') this.#drop()
    return outcome
  }

  async #toTopic(
    cluster: Cluster,
    topic: string,
    messages: readonly KafkaMessage[],
  ): Promise<PartitionBatch[]> {
    let partitions: number
    try {
      const metadata = await cluster.producer.metadata({ topics: [topic] })
      partitions = metadata.topics.get(topic)?.partitionsCount ?? 1
    } catch (error) {
      return [{ topic, messages, outcome: this.#faultOf(error, topic) }]
    }
    const batches = new Map<number, KafkaMessage[]>()
    for (const message of messages) {
      const { key } = message
      const partition =
        key === undefined
          ? this.#turn % partitions
          : cluster.kafka.compatibilityPartitioner({ topic, value: key }, key) % partitions
      const batch = batches.get(partition)
      if (batch) batch.push(message)
      else batches.set(partition, [message])
    }
    return await Promise.all(
      [...batches].map(async ([partition, batch]) => ({
        topic,
        messages: batch,
        outcome: await this.#toPartition(cluster, topic, partition, batch),
      })),
    )
  }

  async #toPartition(
    { producer }: Cluster,
    topic: string,
    partition: number,
    batch: readonly KafkaMessage[],
  ): Promise<PartOutcome> {
    try {
      await producer.send({
        messages: batch.map(({ key, value, headers, timeMs }) => ({
          topic,
          partition,
          value,
          timestamp: BigInt(timeMs),
          headers: headers as Map<Buffer, Buffer>,
          ...(key !== undefined && { key }),
        })),
      })
      return { kind: 'done' }
    } catch (error) {
      return this.#faultOf(error, topic)
    }
  }

  #faultOf(error: unknown, topic: string): PartOutcome {
    if (error instanceof UnusableFile) return { kind: 'failed', reason: error.message, refused: true }
    return faultOf(error, topic, this.#host.key)
  }

  /** The next send begins anew. */
  #drop(): void {
    const cluster = this.#cluster
    this.#cluster = undefined
    // What is under way was answered, or nobody waits for it any more.
    void cluster?.then(
      ({ producer }) => producer.close(true).catch(() => {}),
      () => {},
    )
  }
}

/** A partition that takes nothing does not hold the others: its records alone are sent again. */
function outcomeOf(slices: readonly Slice[], parts: readonly PartitionBatch[]): Outcome {
  const retry: number[] = []
  const divide: Rejection[] = []
  let trouble: FailedOutcome | undefined
  for (const { messages, outcome } of parts) {
    const ordinals = messages.map(({ ordinal }) => ordinal)
    if (outcome.kind === 'failed') {
      trouble ??= outcome
      retry.push(...ordinals)
    } else if (outcome.kind !== 'done') {
      if (outcome.kind === 'too_large' && parts.length === 1) return outcome
      divide.push({ slices: selectRecords(slices, ordinals), reason: outcome.reason })
    }
  }
  if (trouble !== undefined && retry.length === countRecords(slices)) return trouble
  return {
    kind: 'done',
    ...(retry.length > 0 && {
      retry: selectRecords(
        slices,
        retry.sort((a, b) => a - b),
      ),
    }),
    ...(divide.length > 0 && { divide }),
  }
}
