import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { unknownUpstream } from '../clusters/unknown-upstream.ts'

const port = (about: string, example: number) => s.integer({ about, min: 1, max: 65_535, example })

const capturedPort = s.object(
  {
    port: port('The port that the connections are meant for.', 5432),
    listenPort: port(
      'Where the sidecar takes them, on the address of `listen`; `outrigger capture` is told the same pair.',
      15_432,
    ),
    upstream: s.string({
      about: 'Where they go when their original destination is not known.',
      pattern: /./,
      expected: 'the name of one of the upstreams',
      example: 'postgres',
    }),
  },
  { about: 'A port of its own for connections that were meant for one port.' },
)

/** `ports` of a captured listener. */
export const portMap = (direction: 'inbound' | 'outbound') =>
  s.list(capturedPort, {
    about: `Ports that \`outrigger capture --${direction}-port-map PORT:LISTENPORT\` redirects each to a port of its own, so that the port that a connection was meant for is known where the system cannot be asked for its original destination (it needs node:ffi, which Node has from version 26 on). There connections go to \`upstream\` when neither a route nor the name of an upstream tells more: servers that speak first, and whatever is no HTTP and no TLS. At most ${MAX_PORTS}.`,
    default: [],
  })

/** Each takes a socket of the sidecar. */
const MAX_PORTS = 64

export type CapturedPort = NonNullable<Infer<typeof capturedPort>>

/** What the schema cannot say. `path` leads to the list. */
export function checkPorts(
  ports: readonly CapturedPort[],
  upstreams: Readonly<Record<string, unknown>>,
  listen: string,
  path: Problem['path'],
): Problem[] {
  const problems: Problem[] = []
  if (ports.length > MAX_PORTS)
    problems.push({
      path,
      message: `expected at most ${MAX_PORTS} ports, got ${ports.length}`,
      hint: 'name only those where the server speaks first or that carry neither HTTP nor TLS',
    })
  if (ports.length > 0 && listen.includes('/'))
    problems.push({ path, message: 'a Unix socket has no ports', hint: 'give listen as host:port' })
  const meant = new Set<number>()
  for (const [at, { port, upstream }] of ports.entries()) {
    if (meant.has(port))
      problems.push({
        path: [...path, at, 'port'],
        message: `port ${port} is there twice`,
        hint: 'remove one of them',
      })
    meant.add(port)
    if (!Object.hasOwn(upstreams, upstream))
      problems.push({
        path: [...path, at, 'upstream'],
        ...unknownUpstream(upstream, Object.keys(upstreams)),
      })
  }
  return problems
}

interface Placed {
  readonly listen: string
  readonly inbound?: { readonly ports: readonly CapturedPort[] }
  readonly outbound?: { readonly ports: readonly CapturedPort[] }
}

/** The ports that a listener takes beside that of `listen`. */
export function listenPortsOf({ inbound, outbound }: Omit<Placed, 'listen'>): readonly number[] {
  return (inbound ?? outbound)?.ports.map(({ listenPort }) => listenPort) ?? []
}

/** No two listeners can have one port. */
export function checkListenPorts(listeners: readonly Placed[]): Problem[] {
  const taken = new Set(listeners.map(({ listen }) => Number(/:(\d+)$/.exec(listen)?.[1])))
  return listeners.flatMap((listener, index) =>
    listenPortsOf(listener).flatMap((port, at) => {
      if (!taken.has(port)) {
        taken.add(port)
        return []
      }
      const option = listener.inbound === undefined ? 'outbound' : 'inbound'
      const path = ['listeners', index, option, 'ports', at, 'listenPort']
      const message = `port ${port} is taken by another listener, or by another entry`
      return [{ path, message, hint: 'give each a port of its own' }]
    }),
  )
}
