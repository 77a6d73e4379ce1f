import { formatAddress } from '../../../kernel/config/address.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { checkCloudwatch, cloudwatchConfig } from './cloudwatch/config.ts'
import { checkDatadog, datadogConfig } from './datadog/config.ts'
import {
  checkElasticsearch,
  checkOpensearch,
  elasticsearchConfig,
  opensearchConfig,
} from './elasticsearch/config.ts'
import { checkFile, fileConfig } from './file/config.ts'
import { checkForwardOutput, forwardOutputConfig } from './forward/config.ts'
import { checkGelf, gelfConfig } from './gelf/config.ts'
import { checkHttp, httpConfig } from './http/config.ts'
import { checkKafka, kafkaConfig } from './kafka/config.ts'
import { checkLoki, lokiConfig } from './loki/config.ts'
import { checkNats, natsConfig } from './nats/config.ts'
import { nullConfig } from './null/config.ts'
import { checkOtlp, otlpConfig } from './otlp/config.ts'
import type { Output, OutputHost } from './output.ts'
import { checkRedis, redisConfig } from './redis/config.ts'
import { checkRouting } from './routing-config.ts'
import { checkS3, s3Config } from './s3/config.ts'
import { checkSplunk, splunkConfig } from './splunk/config.ts'
import { stdoutConfig } from './stdout/config.ts'
import { storeConfig } from './store/config.ts'
import { checkSyslog, syslogConfig } from './syslog/config.ts'
import { checkTcp, tcpConfig } from './tcp/config.ts'

/** All kinds of outputs: a new one is an entry here and in the functions below, and a folder. */
export const outputSchema = s.oneOf(
  {
    elasticsearch: elasticsearchConfig,
    opensearch: opensearchConfig,
    cloudwatch: cloudwatchConfig,
    loki: lokiConfig,
    http: httpConfig,
    datadog: datadogConfig,
    otlp: otlpConfig,
    redis: redisConfig,
    s3: s3Config,
    splunk: splunkConfig,
    nats: natsConfig,
    syslog: syslogConfig,
    gelf: gelfConfig,
    kafka: kafkaConfig,
    forward: forwardOutputConfig,
    tcp: tcpConfig,
    file: fileConfig,
    stdout: stdoutConfig,
    null: nullConfig,
    store: storeConfig,
  },
  { about: 'One destination of records.' },
)

export type OutputConfig = Infer<typeof outputSchema>

/** Rules between the options of one output. Paths begin behind its kind. */
export function checkOutput(output: OutputConfig): Problem[] {
  return [...checkKind(output), ...checkRouting(output.config)]
}

function checkKind(output: OutputConfig): Problem[] {
  switch (output.kind) {
    case 'elasticsearch':
      return checkElasticsearch(output.config)
    case 'opensearch':
      return checkOpensearch(output.config)
    case 'cloudwatch':
      return checkCloudwatch(output.config)
    case 'loki':
      return checkLoki(output.config)
    case 'http':
      return checkHttp(output.config)
    case 'datadog':
      return checkDatadog(output.config)
    case 'otlp':
      return checkOtlp(output.config)
    case 'redis':
      return checkRedis(output.config)
    case 's3':
      return checkS3(output.config)
    case 'splunk':
      return checkSplunk(output.config)
    case 'nats':
      return checkNats(output.config)
    case 'syslog':
      return checkSyslog(output.config)
    case 'gelf':
      return checkGelf(output.config)
    case 'kafka':
      return checkKafka(output.config)
    case 'file':
      return checkFile(output.config)
    case 'forward':
      return checkForwardOutput(output.config)
    case 'tcp':
      return checkTcp(output.config)
    default:
      return []
  }
}

/**
 * Where an output's records go, as text: while it stays the same the output keeps its place in the spool,
 * whatever else changes in the configuration.
 */
export function identify(output: OutputConfig): string {
  switch (output.kind) {
    case 'elasticsearch': {
      const { url, cloudId, index, dataStream } = output.config
      return `elasticsearch ${url ?? cloudId} ${index ?? dataStream ?? ''}`
    }
    case 'opensearch': {
      const { url, index, dataStream } = output.config
      return `opensearch ${url} ${index ?? dataStream ?? ''}`
    }
    case 'cloudwatch': {
      const { region, group, stream } = output.config
      return `cloudwatch ${region ?? ''} ${group} ${stream}`
    }
    case 'loki': {
      const { url, tenant } = output.config
      return `loki ${url} ${tenant ?? ''}`
    }
    case 'http':
      return `http ${output.config.url} ${output.config.path ?? ''}`
    case 'datadog':
      return `datadog ${output.config.url ?? output.config.site}`
    case 'otlp':
      return `otlp ${output.config.url}`
    case 'redis': {
      const { url, as, key } = output.config
      return `redis ${url} ${as} ${key}`
    }
    case 's3': {
      const { endpoint, bucket, key } = output.config
      return `s3 ${endpoint ?? ''} ${bucket} ${key}`
    }
    case 'splunk':
      return `splunk ${output.config.url} ${output.config.index ?? ''}`
    case 'nats':
      return `nats ${output.config.servers.join(' ')} ${output.config.subject}`
    case 'syslog':
    case 'gelf':
      return `${output.kind} ${output.config.url}`
    case 'kafka':
      return `kafka ${output.config.brokers.join(' ')} ${output.config.topic}`
    case 'forward':
      return `forward ${output.config.servers.map(({ address }) => formatAddress(address)).join(' ')}`
    case 'tcp':
      return `tcp ${output.config.url}`
    case 'file':
      return `file ${output.config.path}`
    case 'store':
      return `store ${output.config.path ?? ''}`
    case 'stdout':
    case 'null':
      return `${output.kind} ${output.config.name ?? ''}`.trimEnd()
  }
}

/** Which records an output gets and as what, as text. */
export function routingOf({ config: { tags, when, steps } }: OutputConfig): string {
  return JSON.stringify([tags, when, steps])
}

/** Opens an output; its code is loaded only now. */
export async function openOutput(output: OutputConfig, host: OutputHost): Promise<Output> {
  switch (output.kind) {
    case 'elasticsearch':
      return (await import('./elasticsearch/output.ts')).openElasticsearch(output.config, host)
    case 'opensearch':
      return (await import('./elasticsearch/output.ts')).openOpensearch(output.config, host)
    case 'cloudwatch':
      return (await import('./cloudwatch/output.ts')).openCloudwatch(output.config, host)
    case 'loki':
      return (await import('./loki/output.ts')).openLoki(output.config, host)
    case 'http':
      return (await import('./http/output.ts')).openHttp(output.config, host)
    case 'datadog':
      return (await import('./datadog/output.ts')).openDatadog(output.config, host)
    case 'otlp':
      return (await import('./otlp/output.ts')).openOtlp(output.config, host)
    case 'redis':
      return (await import('./redis/output.ts')).openRedis(output.config, host)
    case 's3':
      return (await import('./s3/output.ts')).openS3(output.config, host)
    case 'splunk':
      return (await import('./splunk/output.ts')).openSplunk(output.config, host)
    case 'nats':
      return (await import('./nats/output.ts')).openNats(output.config, host)
    case 'syslog':
      return (await import('./syslog/output.ts')).openSyslog(output.config, host)
    case 'gelf':
      return (await import('./gelf/output.ts')).openGelf(output.config, host)
    case 'kafka':
      return (await import('./kafka/output.ts')).openKafka(output.config, host)
    case 'forward':
      return (await import('./forward/output.ts')).openForward(output.config, host)
    case 'tcp':
      return (await import('./tcp/output.ts')).openTcp(output.config, host)
    case 'file':
      return (await import('./file/output.ts')).openFile(output.config, host)
    case 'stdout':
      return (await import('./stdout/output.ts')).openStdout(output.config, host)
    case 'null':
      return (await import('./null/output.ts')).openNull(output.config, host)
    case 'store':
      return (await import('./store/output.ts')).openStore(output.config, host)
  }
}
