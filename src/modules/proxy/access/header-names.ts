import type { Problem } from '../../../kernel/config/problem.ts'
import type { AccessConfig } from './config.ts'
import { NameSet } from './name-set.ts'

type Path = readonly (string | number)[]

/** They say where a message ends and to whom it goes: RFC 9110 section 7.6.1, RFC 9112 section 6. */
const FRAMING = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'keep-alive',
]

/** Headers that are written, removed or looked at where that cannot be right. `path` leads to the access options. */
export function checkHeaderNames({ rules, jwt, stripHeaders }: AccessConfig, path: Path): Problem[] {
  const framing = new NameSet(FRAMING)
  const removed = new NameSet([
    ...stripHeaders,
    ...(jwt?.issuers.flatMap(issuer => Object.keys(issuer.headers)) ?? []),
  ])
  const usable = (name: string, here: Path): Problem[] => {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      return [
        { path: here, message: `"${name}" is no name of a header`, hint: 'write a name such as x-user' },
      ]
    if (!framing.has(name)) return []
    return [
      {
        path: here,
        message: `"${name}" belongs to the connection`,
        hint: 'take a header of your own: x-user',
      },
    ]
  }
  const seen = (name: string | undefined, here: Path): Problem[] => {
    if (name === undefined || !removed.has(name)) return []
    const hint = 'take it from stripHeaders, or look at the claim or the identity instead'
    return [{ path: here, message: `"${name}" is removed before anything looks at it`, hint }]
  }
  return [
    ...stripHeaders.flatMap((name, at) => usable(name, [...path, 'stripHeaders', at])),
    ...(jwt?.issuers ?? []).flatMap(({ headers }, at) =>
      Object.keys(headers).flatMap(name => usable(name, [...path, 'jwt', 'issuers', at, 'headers', name])),
    ),
    ...(jwt?.from ?? []).flatMap(({ kind, config: name }, at) =>
      kind === 'header' ? seen(name, [...path, 'jwt', 'from', at, 'header']) : [],
    ),
    ...rules.flatMap(({ when }, at) =>
      when.flatMap(({ header }, each) => seen(header, [...path, 'rules', at, 'when', each, 'header'])),
    ),
  ]
}
