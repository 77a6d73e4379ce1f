import { cloudwatch } from './cloudwatch.ts'
import { datadog } from './datadog.ts'
import type { Destination } from './destination.ts'
import { elasticsearch } from './elasticsearch.ts'
import { file } from './file.ts'
import { forward, forwardGzip } from './forward.ts'
import { gelf } from './gelf.ts'
import { http } from './http.ts'
import { kafka } from './kafka.ts'
import { loki } from './loki.ts'
import { nats } from './nats.ts'
import { opensearch } from './opensearch.ts'
import { otlp } from './otlp.ts'
import { redis } from './redis.ts'
import { s3 } from './s3.ts'
import { splunk } from './splunk.ts'
import { store } from './store.ts'
import { syslog } from './syslog.ts'
import { tcp } from './tcp.ts'

/** Every output that has somewhere to deliver to; standard output has tests of its own. */
export const destinations: readonly Destination[] = [
  elasticsearch,
  opensearch,
  cloudwatch,
  loki,
  http,
  datadog,
  ...otlp,
  ...redis,
  ...splunk,
  ...nats,
  syslog,
  gelf,
  ...kafka,
  forward,
  file,
  s3,
  store,
]

/** Variants of those, and such as take no part in the tests that take long. */
export const furtherDestinations: readonly Destination[] = [forwardGzip, tcp]
