import type { Problem } from '../../../kernel/config/problem.ts'
import { parseCidr } from '../../../wire/ip/cidr.ts'
import type { AccessConfig, RuleConfig } from './config.ts'
import { checkHeaderNames } from './header-names.ts'
import { letsNothingPass } from './otherwise.ts'

type Path = readonly (string | number)[]

/** What the schema cannot say. `path` leads to the access options. */
export function checkAccess(config: AccessConfig, path: Path): Problem[] {
  const { rules, jwt } = config
  const named = new Set<string>()
  const issuers = new Set<string>()
  return [
    ...rules.flatMap((rule, at) => [
      ...duplicate(named, rule.name, [...path, 'rules', at, 'name'], 'rules are called'),
      ...checkRule(rule, [...path, 'rules', at], jwt !== undefined),
    ]),
    ...(letsNothingPass(config) ? [onlyDenies([...path, 'rules'])] : []),
    ...(jwt?.issuers ?? []).flatMap(({ issuer, keys, ca }, at) => {
      const here = [...path, 'jwt', 'issuers', at]
      const problems = duplicate(issuers, issuer, [...here, 'issuer'], 'issuers are called')
      if (ca !== undefined && !(keys.kind === 'url' && keys.config.startsWith('https:')))
        problems.push({
          path: [...here, 'ca'],
          message: '"ca" has no meaning without an https URL in "keys"',
          hint: 'remove it, or write keys: { url: https://… }',
        })
      return problems
    }),
    ...checkHeaderNames(config, path),
  ]
}

function onlyDenies(path: Path): Problem {
  const message = 'there are only deny rules: what no rule allows is denied, so nothing would pass'
  return { path, message, hint: 'add an allow rule, or write otherwise: allow' }
}

/** What is known of the connections of a listener that passes them on unread. */
export interface Told {
  readonly identity: boolean
  readonly serverName: boolean
}

/** What cannot hold for connections that are passed on unread. */
export function checkAccessOfConnections({ rules, jwt }: AccessConfig, told: Told, path: Path): Problem[] {
  const untold = told.serverName ? OF_HTTP : [...OF_HTTP, ...OF_TLS]
  const ofHttp = rules.flatMap(({ name, from, to, when }, at) => {
    const asked = [
      ...from.flatMap(source => (told.identity ? [] : given(source, OF_IDENTITY))),
      ...to.flatMap(operation => given(operation, untold)),
      ...when.map(({ header }) => (header === undefined ? 'claim' : 'header')),
    ]
    if (asked.length === 0) return []
    return [
      {
        path: [...path, 'rules', at],
        message: `rule "${name}" asks for ${[...new Set(asked)].join(', ')}, which a connection that is passed on unread does not tell`,
        hint: `use ${knownOf(told)}, or protocol: http`,
      },
    ]
  })
  if (jwt === undefined) return ofHttp
  const message = 'a connection that is passed on unread has no token'
  return [...ofHttp, { path: [...path, 'jwt'], message, hint: 'use protocol: http, or remove it' }]
}

const OF_HTTP = ['hosts', 'notHosts', 'methods', 'notMethods', 'paths', 'notPaths'] as const
const OF_TLS = ['serverNames', 'notServerNames'] as const
const OF_IDENTITY = ['identities', 'notIdentities'] as const

function knownOf({ identity, serverName }: Told): string {
  return [
    ...(identity ? ['identities'] : []),
    ...(serverName ? ['serverNames'] : []),
    'addresses and ports',
  ].join(', ')
}

function given<K extends string>(
  group: { readonly [key in K]?: unknown },
  options: readonly K[],
): readonly K[] {
  return options.filter(option => group[option] !== undefined)
}

function duplicate(seen: Set<string>, name: string, path: Path, what: string): Problem[] {
  if (!seen.has(name)) {
    seen.add(name)
    return []
  }
  return [{ path, message: `two ${what} "${name}"`, hint: 'give one another name, or make them one' }]
}

function checkRule({ from, to, when }: RuleConfig, path: Path, tokens: boolean): Problem[] {
  return [
    ...from.flatMap((source, at) => [
      ...empty(source, [...path, 'from', at], 'caller'),
      ...blocks(source.addresses, [...path, 'from', at, 'addresses']),
      ...blocks(source.notAddresses, [...path, 'from', at, 'notAddresses']),
    ]),
    ...to.flatMap((operation, at) => [
      ...empty(operation, [...path, 'to', at], 'request'),
      ...methods(operation.methods, [...path, 'to', at, 'methods']),
      ...methods(operation.notMethods, [...path, 'to', at, 'notMethods']),
      ...paths(operation.paths, [...path, 'to', at, 'paths']),
      ...paths(operation.notPaths, [...path, 'to', at, 'notPaths']),
    ]),
    ...when.flatMap((condition, at) => checkWhen(condition, [...path, 'when', at], tokens)),
  ]
}

/** It would match everything, which nobody means by an empty entry. */
function empty(group: object, path: Path, what: string): Problem[] {
  if (Object.values(group).some(value => value !== undefined)) return []
  return [
    {
      path,
      message: `an entry without conditions matches every ${what}`,
      hint: 'add a condition, or remove the list',
    },
  ]
}

function blocks(texts: readonly string[] | undefined, path: Path): Problem[] {
  return each(texts, path, text => {
    if (parseCidr(text) !== undefined) return undefined
    return [`expected an address block, got "${text}"`, 'write 10.0.0.0/8, 2001:db8::/32 or one address']
  })
}

function methods(texts: readonly string[] | undefined, path: Path): Problem[] {
  return each(texts, path, text => {
    if (text === text.toUpperCase()) return undefined
    return [`methods have capitals: "${text}" never comes`, `write ${text.toUpperCase()}`]
  })
}

function paths(texts: readonly string[] | undefined, path: Path): Problem[] {
  return each(texts, path, text => {
    if (/^[/*]/.test(text)) return undefined
    return [`expected a path, got "${text}"`, `paths begin with a slash: /${text}`]
  })
}

function each(
  texts: readonly string[] | undefined,
  path: Path,
  judge: (text: string) => readonly [message: string, hint: string] | undefined,
): Problem[] {
  return (texts ?? []).flatMap((text, at) => {
    const fault = judge(text)
    return fault === undefined ? [] : [{ path: [...path, at], message: fault[0], hint: fault[1] }]
  })
}

function checkWhen(condition: RuleConfig['when'][number], path: Path, tokens: boolean): Problem[] {
  const { header, claim, values, notValues } = condition
  const problems: Problem[] = []
  if ((header === undefined) === (claim === undefined))
    problems.push({
      path,
      message: 'expected exactly one of "header" and "claim"',
      hint: 'make it two conditions: all of them must hold',
    })
  if (values === undefined && notValues === undefined)
    problems.push({
      path,
      message: 'expected "values" or "notValues"',
      hint: 'for any value at all: values: ["*"]',
    })
  if (claim !== undefined && !tokens)
    problems.push({
      path: [...path, 'claim'],
      message: 'no token is ever verified: "jwt" is missing',
      hint: 'name the issuers in access.jwt.issuers',
    })
  return problems
}
