import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { parseSpiffeId } from '../../../wire/spiffe/identity.ts'
import { feed, file } from '../clusters/discovery/config.ts'
import { parseNameRule } from './name-rule.ts'

const list = s.oneOf(
  { file, feed },
  {
    about:
      'A list of endpoints with the `identity` that is to be met at each: written as that of an upstream, but of everything that clients may reach by address. Endpoints without an identity say nothing.',
    optional: true,
  },
)

const name = s.object(
  {
    host: s.string({
      about:
        'The name that clients ask for. A part of it in braces, such as {name}, stands for any one label, which `identity` may use.',
      pattern: /^[a-z0-9{}._-]+$/,
      expected: 'a host name in lower case, with {words} for labels',
      example: '{name}.{namespace}.svc.cluster.local',
    }),
    identity: s.string({
      about: 'The SPIFFE ID that is to be met there. Nobody else is spoken to.',
      pattern: /^spiffe:\/\/[a-z0-9._-]+\/[\w./{}-]+$/,
      expected: 'a SPIFFE ID, with the {words} of `host`',
      example: 'spiffe://example.org/ns/{namespace}/sa/{name}',
    }),
  },
  { about: 'One rule.' },
)

/** Who is to be met at places that no upstream lists. */
export const peersConfig = s.object(
  {
    list,
    names: s.list(name, {
      about:
        'Who is to be met behind names: the first rule that fits holds, where no list names the address. Only for names whose servers all show that identity: a rule is never fallen back from.',
      default: [],
    }),
  },
  {
    about:
      'Who is to be met at places that clients name and that are none of the upstreams. They are reached by mutual TLS then, as the endpoints of upstreams with an `identity` are; these are known by their addresses, too, as long as their upstream is in use or lists them here in the configuration.',
    optional: true,
  },
)

/** How a listener reaches such places. */
export const mutualTls = s.choice(['off', 'permissive', 'strict'], {
  about:
    'Mutual TLS to places that are none of the upstreams (see `proxy.peers`). permissive: wherever it is known who is to be met; the others are reached as the client would reach them, and counted. strict: who is not known is not spoken to without TLS (identity_unknown), upstreams neither; TLS that the client has begun itself goes on. off: they are all reached as the client would.',
  default: 'permissive',
})

export type PeersConfig = NonNullable<Infer<typeof peersConfig>>
export type MutualTls = 'off' | 'permissive' | 'strict'

interface Listener {
  readonly outbound?: { readonly mutualTls: MutualTls }
  readonly forward?: { readonly mutualTls: MutualTls }
}

/** Paths begin at the proxy. */
export function checkPeers(
  peers: PeersConfig | undefined,
  listeners: readonly Listener[],
  hasIdentity: boolean,
): Problem[] {
  const problems: Problem[] = []
  const hint = 'give it one under `proxy.identity`'
  if (peers !== undefined && !hasIdentity)
    problems.push({ path: ['peers'], message: 'the sidecar has no identity to show there', hint })
  for (const [index, rule] of (peers?.names ?? []).entries()) {
    const parsed = parseNameRule(rule)
    if ('wrong' in parsed)
      problems.push({
        path: ['peers', 'names', index, parsed.at],
        message: parsed.wrong,
        hint: 'write host: "{name}.{namespace}.svc" and identity: "spiffe://example.org/ns/{namespace}/sa/{name}"',
      })
    else if (parseSpiffeId(parsed.identityOf(parsed.sample) ?? '') === undefined)
      problems.push({
        path: ['peers', 'names', index, 'identity'],
        message: `${rule.identity} makes no SPIFFE ID`,
        hint: 'write spiffe://TRUST-DOMAIN/ns/{namespace}/sa/{name}',
      })
  }
  for (const [index, listener] of listeners.entries())
    for (const kind of ['outbound', 'forward'] as const)
      if (listener[kind]?.mutualTls === 'strict' && !hasIdentity)
        problems.push({
          path: ['listeners', index, kind, 'mutualTls'],
          message: 'the sidecar has no identity to show, so that nothing could be reached',
          hint,
        })
  return problems
}
