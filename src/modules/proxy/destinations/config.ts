import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { mutualTls } from '../peers/config.ts'
import { parseDestination } from './policy.ts'

const rule = (about: string, example: string) =>
  s.string({
    about,
    pattern: /^[\w*.:[\]/-]+$/,
    expected: 'public, *, a name, *.name, an address or a block, with :port or without',
    example,
  })

export const forwardConfig = s.object(
  {
    allow: s.list(
      rule(
        'public, *, a name, *.name, an address or a block; with :port or for every port.',
        '*.svc.cluster.local:80',
      ),
      {
        about:
          'Where clients may go. public: every address of the Internet, so neither private, loopback and link-local ones nor the metadata service of a cloud. A name that is listed may have any address; the addresses of other names are checked. `*` is everything.',
        default: ['public'],
      },
    ),
    deny: s.list(rule('As in `allow`.', '*.example.com'), {
      about: 'Where clients may not go, whatever `allow` says.',
      default: [],
    }),
    connectPorts: s.list(s.integer({ about: 'A port.', min: 1, max: 65_535 }), {
      about: 'The ports that CONNECT may open by rules of `allow` that name no port.',
      default: [443],
    }),
    mutualTls,
  },
  {
    about:
      'The listener is a forward proxy, as HTTP_PROXY and HTTPS_PROXY name it: requests with an absolute URL, and CONNECT. `forward: {}` takes the defaults.',
    optional: true,
  },
)

export type ForwardConfig = NonNullable<Infer<typeof forwardConfig>>

/** What the schema cannot say. */
export function checkForward(
  { allow, deny }: ForwardConfig,
  protocol: 'http' | 'tcp' | 'tls' | 'auto',
  path: Problem['path'],
): Problem[] {
  const problems: Problem[] = []
  for (const [key, rules] of [
    ['allow', allow],
    ['deny', deny],
  ] as const)
    for (const [index, text] of rules.entries())
      if (parseDestination(text) === undefined)
        problems.push({
          path: [...path, 'forward', key, index],
          message: `${JSON.stringify(text)} is no destination`,
          hint: 'write public, *, example.com, *.example.com:443, 10.0.0.0/8 or [2001:db8::/32]:443',
        })
  if (allow.length === 0)
    problems.push({
      path: [...path, 'forward', 'allow'],
      message: 'nothing is allowed',
      hint: 'name at least one destination',
    })
  if (protocol !== 'http')
    problems.push({
      path: [...path, 'protocol'],
      message: 'a forward proxy learns from HTTP where to go',
      hint: 'use protocol: http; CONNECT carries everything else',
    })
  return problems
}
