import type { RequestView } from '../request.ts'
import {
  ANY_CLAIMS,
  addressIn,
  both,
  type Condition,
  claim,
  headerIn,
  hostIn,
  identityIn,
  methodIn,
  pathIn,
  portIn,
  serverNameIn,
  type Token,
} from './condition.ts'
import type { RuleConfig } from './config.ts'

/** Conditions of which all must hold. */
type Group = readonly Condition[]

/** One access rule, ready to be asked. */
export interface Rule {
  readonly name: string
  readonly action: 'allow' | 'deny' | 'audit'
  /** Whether it looks at the token. */
  readonly asksToken: boolean
  matches(view: RequestView, token: Token): boolean
  /**
   * The same for a connection that is passed on as it is. What only HTTP would tell counts against it: a rule that
   * denies matches without it, and others that ask for it never do.
   */
  matchesConnection(view: RequestView): boolean
  /** Why it does not match: the first conditions that do not hold. Undefined when it matches. */
  mismatch(view: RequestView, token: Token): string | undefined
}

export function compileRule({ name, action, from, to, when }: RuleConfig): Rule {
  const parts: readonly (readonly Group[])[] = [
    from.map(source => [
      ...both(identityIn, source.identities, source.notIdentities),
      ...both(addressIn, source.addresses, source.notAddresses),
    ]),
    to.map(operation => [
      ...both(hostIn, operation.hosts, operation.notHosts),
      ...both(serverNameIn, operation.serverNames, operation.notServerNames),
      ...both(portIn, operation.ports?.map(String), operation.notPorts?.map(String)),
      ...both(methodIn, operation.methods, operation.notMethods),
      ...both(pathIn, operation.paths, operation.notPaths),
    ]),
    ...when.map(each => [
      each.claim === undefined
        ? both(values => headerIn(each.header!, values), each.values, each.notValues)
        : claim(each.claim, each.values, each.notValues),
    ]),
  ].filter(groups => groups.length > 0)
  return {
    ...{ name, action },
    asksToken: when.some(each => each.claim !== undefined),
    matches: (view, token) => everyPart(parts, view, token),
    matchesConnection: view =>
      parts.every(groups =>
        groups.some(group =>
          group.every(({ ofHttp, holds }) => (ofHttp ? action === 'deny' : holds(view, undefined))),
        ),
      ),
    mismatch: (view, token) => {
      for (const groups of parts) {
        const faults = groups.map(group => group.find(condition => !condition.holds(view, token)))
        if (!faults.includes(undefined)) return faults.map(fault => `not: ${fault!.text}`).join('; ')
      }
      return undefined
    },
  }
}

/** Whether the rule would match if the request had a token with the claims that it asks for. */
export function matchesWithToken(rule: Rule, view: RequestView): boolean {
  return rule.asksToken && rule.matches(view, ANY_CLAIMS)
}

function everyPart(parts: readonly (readonly Group[])[], view: RequestView, token: Token): boolean {
  for (let at = 0; at < parts.length; at++) if (!someGroup(parts[at]!, view, token)) return false
  return true
}

function someGroup(groups: readonly Group[], view: RequestView, token: Token): boolean {
  for (let at = 0; at < groups.length; at++) if (everyCondition(groups[at]!, view, token)) return true
  return false
}

function everyCondition(group: Group, view: RequestView, token: Token): boolean {
  for (let at = 0; at < group.length; at++) if (!group[at]!.holds(view, token)) return false
  return true
}
