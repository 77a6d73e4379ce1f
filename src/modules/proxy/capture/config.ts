import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { unknownUpstream } from '../clusters/unknown-upstream.ts'
import { mutualTls } from '../peers/config.ts'
import { checkPorts, portMap } from './ports.ts'

const opaquePorts = s.list(s.integer({ about: 'A port.', min: 1, max: 65_535 }), {
  about:
    'Ports whose connections are passed on as they are, without a look at them: there the server speaks first, or a protocol looks like another one.',
  default: [22, 25, 53, 587, 3306, 4444, 5432, 6379, 9300, 11211, 27017],
})
export const detectTimeout = s.duration({
  about:
    'A client that says nothing for this long waits for the server to speak first: its connection is passed on as it is.',
  default: '200ms',
  min: '1ms',
  max: '10s',
})

export const inboundConfig = s.object(
  {
    upstream: s.string({
      about:
        'The upstream of connections whose original destination is not known: those that no rule has redirected, and all where the system cannot be asked. They are refused unless given.',
      optional: true,
      pattern: /./,
      expected: 'the name of one of the upstreams',
      example: 'application',
    }),
    ports: portMap('inbound'),
    opaquePorts,
    detectTimeout,
  },
  {
    about:
      'Takes what `outrigger capture` redirects of the connections to the application, and passes it on to where it was meant to go. Usually on port 15006 of every interface.',
    optional: true,
  },
)

export const outboundConfig = s.object(
  {
    unknown: s.choice(['pass', 'refuse'], {
      about:
        'What becomes of connections and requests that neither a route nor the name of an upstream tells of. pass: they go where the application has sent them. refuse: they are refused.',
      default: 'pass',
    }),
    ports: portMap('outbound'),
    mutualTls,
    opaquePorts,
    detectTimeout,
  },
  {
    about:
      'Takes what `outrigger capture` redirects of the connections of the application: HTTP goes by its host as with `routed`, TLS by the name that its client asks for, everything else to where it was meant to go. Usually on port 15001.',
    optional: true,
  },
)

export type InboundConfig = NonNullable<Infer<typeof inboundConfig>>
export type OutboundConfig = NonNullable<Infer<typeof outboundConfig>>

interface CapturedListener {
  readonly listen: string
  readonly inbound?: InboundConfig
  readonly outbound?: OutboundConfig
  readonly protocol: 'http' | 'tcp' | 'tls' | 'auto'
  readonly tls?: unknown
}

/** What the schema cannot say. */
export function checkCaptured(
  { listen, inbound, outbound, protocol, tls }: CapturedListener,
  upstreams: Readonly<Record<string, unknown>>,
  path: Problem['path'],
): Problem[] {
  const problems: Problem[] = []
  const upstream = inbound?.upstream
  if (upstream !== undefined && !Object.hasOwn(upstreams, upstream))
    problems.push({
      path: [...path, 'inbound', 'upstream'],
      ...unknownUpstream(upstream, Object.keys(upstreams)),
    })
  const { ports } = inbound ?? outbound!
  problems.push(
    ...checkPorts(ports, upstreams, listen, [
      ...path,
      inbound === undefined ? 'outbound' : 'inbound',
      'ports',
    ]),
  )
  if (inbound === undefined && tls !== undefined)
    problems.push({
      path: [...path, 'tls'],
      message: 'TLS that the application begins is not for the sidecar',
      hint: 'leave it out: it is passed on by the name that is asked for',
    })
  if (protocol === 'tcp' || protocol === 'tls')
    problems.push({
      path: [...path, 'protocol'],
      message: 'what captured connections speak is found out by their first bytes',
      hint: 'leave protocol out; opaquePorts names the ports that are not looked at',
    })
  return problems
}
