import { readFile } from 'node:fs/promises'
import type { Producer, ProducerOptions } from '@platformatic/kafka'
import { loadTls, UnusableFile } from '../../../../backends/http/tls-files.ts'
import type { OutputHost } from '../output.ts'
import type { KafkaConfig } from './config.ts'

type Kafka = typeof import('@platformatic/kafka')

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const

export interface Cluster {
  readonly kafka: Kafka
  readonly producer: Producer
}

/**
 * Connects to the cluster's brokers as they are needed. Certificates are read now. Nothing is tried again by the library:
 * the delivery decides when. Throws UnusableFile.
 */
export async function openCluster(config: KafkaConfig, host: OutputHost): Promise<Cluster> {
  const { brokers, sasl, tls, timeoutMs, compress, createTopics } = config
  const kafka = await import('@platformatic/kafka')
  const files = tls && (await loadTls(tls, `${host.key}.tls`))
  const options: ProducerOptions<Buffer, Buffer, Buffer, Buffer> = {
    clientId: 'outrigger',
    bootstrapBrokers: [...brokers],
    connectTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    timeout: timeoutMs,
    retries: 0,
    acks: -1,
    idempotent: false,
    compression: compress,
    autocreateTopics: createTopics,
    metadataMaxAge: 60_000,
    ...(files && {
      tls: {
        ...(files.ca !== undefined && { ca: files.ca as Buffer }),
        ...(files.cert !== undefined && { cert: files.cert }),
        ...(files.key !== undefined && { key: files.key }),
        rejectUnauthorized: files.verify ?? true,
      },
      tlsServerName: files.serverName ?? true,
    }),
    ...(sasl && {
      sasl: {
        mechanism: MECHANISMS[sasl.mechanism],
        ...(sasl.username !== undefined && { username: sasl.username }),
        ...(sasl.password && { password: sasl.password.reveal() }),
        ...(sasl.token && { token: sasl.token.reveal() }),
        ...(sasl.tokenFile !== undefined && { token: () => readToken(sasl.tokenFile!, host.key) }),
      },
    }),
  }
  return { kafka, producer: new kafka.Producer(options) }
}

async function readToken(path: string, key: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new UnusableFile(`the file of ${key}.sasl.tokenFile cannot be read: ${(error as Error).message}`)
  }
}
