import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { FORMATS } from './propagation.ts'

const otlp = s.object(
  {
    url: s.url({
      about: 'Where spans are sent by OTLP over HTTP; the whole URL.',
      example: 'http://127.0.0.1:4318/v1/traces',
    }),
    encoding: s.choice(['protobuf', 'json'], { about: 'How spans are written.', default: 'protobuf' }),
    headers: s.map(s.secret({ about: 'The value.' }), {
      about: 'Further fields of the request, such as a key of the collector.',
      default: {},
    }),
    ca: s.string({
      about:
        'File with the certificates (PEM) that the collector’s certificate must lead to, instead of those of well-known authorities.',
      optional: true,
    }),
    interval: s.duration({
      about: 'Spans wait this long for others to be sent with.',
      default: '1s',
      min: '10ms',
      max: '1m',
    }),
    timeout: s.duration({
      about: 'How long one request to the collector may take.',
      default: '10s',
      min: '10ms',
    }),
    maxBatch: s.integer({ about: 'Spans in one request.', min: 1, max: 8192, default: 512 }),
    maxQueue: s.integer({
      about: 'Spans that may wait; those that do not fit are dropped and counted.',
      min: 1,
      max: 1_000_000,
      default: 4096,
    }),
  },
  { about: 'Sends spans to a collector by OTLP. Without it traces are only passed on.', optional: true },
)

/** `proxy.tracing` */
export const tracing = s.object(
  {
    service: s.string({ about: '`service.name` of all spans.', example: 'checkout' }),
    attributes: s.map(s.string({ about: 'The value.' }), {
      about: 'Further attributes of the resource, such as `deployment.environment.name`.',
      default: {},
    }),
    propagation: s.list(s.choice(FORMATS, { about: 'A format.' }), {
      about:
        'In which formats a trace is taken up, in this order: the traceparent of W3C, the field b3, the fields X-B3-*. It goes on in those in which it came; a new one begins in the first.',
      minItems: 1,
      default: ['w3c', 'b3', 'b3_multi'],
    }),
    sampleRatio: s.number({
      about: 'Which share of the traces that begin here is recorded.',
      min: 0,
      max: 1,
      default: 0.01,
    }),
    parentBased: s.boolean({
      about: 'Whether a trace that was begun elsewhere is recorded just when it was recorded there.',
      default: true,
    }),
    otlp,
  },
  { about: 'Takes part in distributed traces.', optional: true },
)

export type TracingConfig = NonNullable<Infer<typeof tracing>>
export type OtlpConfig = NonNullable<TracingConfig['otlp']>
