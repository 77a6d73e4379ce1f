import type { HeaderList } from '../../../../wire/http1/headers.ts'
import type { Conclusion, Observed } from '../observed.ts'
import type { Redaction } from '../redaction.ts'
import { wireText } from './escape.ts'
import {
  durationMs,
  fieldValue,
  grpcStatus,
  identityOf,
  pathOf,
  protocolOf,
  TimeText,
  upstreamMs,
} from './facts.ts'
import { RESPONSE_FLAGS } from './flags.ts'
import { TIME_PARTS, timeFormat } from './time-format.ts'

/** What stands for an operator; undefined: nothing is known. Text is one character a byte, as off the wire. */
export type Value = (observed: Observed, conclusion: Conclusion) => string | number | undefined

/** A command operator: `%NAME%`, or `%NAME(argument)%`. */
interface Operator {
  readonly about: string
  /** What stands in the parentheses; without it there are none. */
  readonly argument?: { readonly expected: string; readonly optional?: true }
  /** Gives a message instead when the argument is none. */
  readonly make: (argument: string, redaction: Redaction) => Value | { readonly problem: string }
}

const FIELD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const PSEUDO: Readonly<Record<string, (redaction: Redaction) => Value>> = {
  ':method': () => observed => observed.method,
  ':path': redaction => (observed, how) => pathOf(observed, how, redaction),
  ':authority': () => observed => observed.request?.authority,
  ':scheme': () => (observed, how) => observed.request && how.scheme,
}
/** What Envoy adds to an answer itself. */
const SERVICE_TIME = 'x-envoy-upstream-service-time'

/** All that a template may say: a checked part of Envoy's operators, and OUTRIGGER_*. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  START_TIME: {
    about: 'when the request began, by strftime in UTC; without a format as 2026-01-31T12:00:00.000Z',
    argument: { expected: `a format of ${TIME_PARTS}`, optional: true },
    make: startTime,
  },
  REQ: {
    about:
      'a field of the request, or :METHOD, :PATH, :AUTHORITY, :SCHEME; A?B is B where there is no A; secrets are redacted',
    argument: { expected: 'the name of a field' },
    make: (argument, redaction) => fieldOf(argument, redaction, observed => observed.request?.headers),
  },
  RESP: {
    about: 'a field of the answer',
    argument: { expected: 'the name of a field' },
    make: (argument, redaction) => fieldOf(argument, redaction, observed => observed.answer),
  },
  TRAILER: {
    about: 'a trailer of the answer',
    argument: { expected: 'the name of a field' },
    make: (argument, redaction) => fieldOf(argument, redaction, observed => observed.trailers),
  },
  PROTOCOL: {
    about: 'HTTP/1.0, HTTP/1.1 or HTTP/2; TCP or TLS for a connection that is passed on',
    make: () => protocolOf,
  },
  RESPONSE_CODE: {
    about: 'the status; 0 where there was no answer of HTTP',
    make: () => (_, how) => how.status,
  },
  RESPONSE_CODE_DETAILS: {
    about: 'via_upstream, or the code of the failure',
    make: () => (_, how) => how.failure ?? 'via_upstream',
  },
  RESPONSE_FLAGS: {
    about: 'why there was no answer of the backend, in Envoy’s letters',
    make: () => (_, how) => how.failure && RESPONSE_FLAGS[how.failure].short,
  },
  RESPONSE_FLAGS_LONG: {
    about: 'the same in Envoy’s words',
    make: () => (_, how) => how.failure && RESPONSE_FLAGS[how.failure].long,
  },
  GRPC_STATUS_NUMBER: { about: 'the status of a gRPC call', make: () => grpcStatus },
  BYTES_RECEIVED: {
    about: 'bytes of the request’s body, or from the client through a tunnel',
    make: () => (_, how) => how.bytesReceived,
  },
  BYTES_SENT: {
    about: 'bytes of the answer’s body, or to the client through a tunnel',
    make: () => (_, how) => how.bytesSent,
  },
  DURATION: { about: 'milliseconds from the request to the end of the answer', make: () => durationMs },
  RESPONSE_DURATION: {
    about: 'milliseconds from the request to the head of the answer',
    make:
      () =>
      ({ headMs, startMs }) =>
        headMs === 0 ? undefined : Math.round(headMs - startMs),
  },
  RESPONSE_TX_DURATION: {
    about: 'milliseconds from the head of the answer to its end',
    make:
      () =>
      ({ headMs }, { endMs }) =>
        headMs === 0 ? undefined : Math.round(endMs - headMs),
  },
  UPSTREAM_HOST: { about: 'the endpoint of the last try', make: () => (_, how) => named(how.endpoint?.key) },
  UPSTREAM_CLUSTER: { about: 'the upstream', make: () => (_, how) => named(how.backend?.cluster) },
  UPSTREAM_REQUEST_ATTEMPT_COUNT: {
    about: 'how many tries there were',
    make:
      () =>
      ({ tries }) =>
        tries,
  },
  UPSTREAM_TRANSPORT_FAILURE_REASON: {
    about: 'why the request failed, for people',
    make: () => (_, how) => named(how.detail || undefined),
  },
  ROUTE_NAME: { about: 'the rule that the request met', make: () => (_, how) => named(how.match?.rule.name) },
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: {
    about: 'the address of the client',
    make:
      () =>
      ({ client }) =>
        client,
  },
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: {
    about: 'the same',
    make:
      () =>
      ({ client }) =>
        client,
  },
  DOWNSTREAM_PEER_URI_SAN: {
    about: 'the identity that the client has proved',
    make: () => identityOf,
  },
  REQUESTED_SERVER_NAME: {
    about: 'the server name that the client of TLS asks for',
    make: () => requestedServerName,
  },
  TRACE_ID: {
    about: 'the trace that the request belongs to',
    make:
      () =>
      ({ trace }) =>
        trace?.traceId,
  },
  OUTRIGGER_LISTENER: {
    about: 'the listener',
    make:
      () =>
      ({ listener }) =>
        named(listener),
  },
  OUTRIGGER_AUDITS: {
    about: 'the audit rules that the request meets, with commas between them',
    make: () => (_, how) => named(how.view?.audits?.join()),
  },
  OUTRIGGER_FAILURE: { about: 'the code of the failure', make: () => (_, how) => how.failure },
}

function named(name: string | undefined): string | undefined {
  return name && wireText(name)
}

function requestedServerName({ request, other }: Observed): string | undefined {
  return (request === undefined ? other!.serverName : request.tls?.sni) || undefined
}

function startTime(argument: string): Value | { problem: string } {
  if (argument === '') {
    const text = new TimeText()
    return ({ startedAtMs }) => text.of(startedAtMs)
  }
  const format = timeFormat(argument)
  if ('unknown' in format) return { problem: `${format.unknown} is none of ${TIME_PARTS}` }
  return ({ startedAtMs }) => format.write(startedAtMs)
}

function fieldOf(
  argument: string,
  redaction: Redaction,
  headers: (observed: Observed) => HeaderList | undefined,
): Value | { problem: string } {
  const values: Value[] = []
  for (const name of argument.split('?')) {
    const lower = name.toLowerCase()
    const pseudo = PSEUDO[lower]
    if (pseudo !== undefined) values.push(pseudo(redaction))
    else if (FIELD.test(name)) values.push(oneField(lower, redaction, headers))
    else return { problem: `"${name}" is not the name of a field` }
  }
  const [first, second, ...more] = values
  if (more.length > 0) return { problem: 'there may be one ? in it' }
  return second === undefined ? first! : (observed, how) => first!(observed, how) ?? second(observed, how)
}

function oneField(
  lower: string,
  redaction: Redaction,
  headers: (observed: Observed) => HeaderList | undefined,
): Value {
  if (lower === 'x-request-id')
    return observed => observed.requestId ?? fieldValue(headers(observed), lower, redaction)
  if (lower === SERVICE_TIME)
    return observed => fieldValue(headers(observed), lower, redaction) ?? upstreamMs(observed)
  return observed => fieldValue(headers(observed), lower, redaction)
}
