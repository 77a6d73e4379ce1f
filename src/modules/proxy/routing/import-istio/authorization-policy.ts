import type { Section } from './section.ts'

/** A rule of `access.rules`, in the notation of the file. */
export type AccessRule = Readonly<Record<string, unknown>>

/** What the policies of a workload are together. */
export interface ImportedAccess {
  readonly rules: readonly AccessRule[]
  /** A policy that allows nothing is there. */
  readonly denies: boolean
  /** A policy that asks somebody else is there. */
  readonly asks: boolean
}

const ACTIONS: Readonly<Record<string, string>> = { ALLOW: 'allow', DENY: 'deny', AUDIT: 'audit' }
const WIDER =
  'cannot be said here. What it narrows is left out of an ALLOW or AUDIT rule as a whole, so that it allows nothing more, and ignored in a DENY rule, so that it denies more'

/** The rules of an AuthorizationPolicy. What cannot be carried over never lets more through than Istio would. */
export function accessOf(spec: Section, name: string): ImportedAccess {
  const action = spec.text('action') ?? 'ALLOW'
  const ours = ACTIONS[action]
  leavePlace(spec)
  spec.leave('provider', 'is not carried over: `access.policy` asks the module policy of the sidecar instead')
  if (ours === undefined) {
    spec.tell(
      `${action} becomes access.policy, so that nothing passes unasked: the module policy is asked about every request, and not only about those of the rules`,
      'action',
    )
    spec.take('rules')
    spec.end()
    return { rules: [], denies: false, asks: true }
  }
  const rules = spec.sections('rules')
  const translated = rules
    .map((rule, at) => ruleOf(rule, `${name}-${at}`, ours))
    .filter(rule => rule !== undefined)
  spec.end()
  return { rules: translated, denies: action === 'ALLOW' && translated.length === 0, asks: false }
}

/** Which workloads a policy is for is where its configuration stands. */
export function leavePlace(spec: Section): void {
  const why = 'says which pods it is for: put the result into the configuration of their sidecars alone'
  spec.leave('selector', why)
  spec.leave('targetRef', why)
  spec.leave('targetRefs', why)
}

function ruleOf(rule: Section, name: string, action: string): AccessRule | undefined {
  const reader = new RuleReader()
  const from = rule.sections('from').map(item => {
    const source = reader.source(item.section('source'))
    item.end()
    return source
  })
  const to = rule.sections('to').map(item => {
    const operation = reader.operation(item.section('operation'))
    item.end()
    return operation
  })
  const when = rule.sections('when').flatMap(item => reader.condition(item) ?? [])
  rule.end()
  if (reader.lost && action !== 'deny') return undefined
  const { named } = reader
  const requests =
    named === undefined ? to : (to.length === 0 ? [{}] : to).map(each => ({ ...each, ...named }))
  const all = { from, to: requests, when }
  // An alternative without a condition left holds for everybody.
  const given = Object.entries(all).filter(
    ([key, list]) => list.length > 0 && (key === 'when' || list.every(item => Object.keys(item).length > 0)),
  )
  return { name, action, ...Object.fromEntries(given) }
}

class RuleReader {
  /** Something could not be said. */
  lost = false
  /** The server names of the whole rule. */
  named: object | undefined

  source(section: Section | undefined): object {
    if (section === undefined) return {}
    const source: Record<string, string[]> = {}
    for (const [theirs, ours] of [
      ['principals', 'identities'],
      ['notPrincipals', 'notIdentities'],
    ] as const)
      if (section.has(theirs)) source[ours] = this.#all(section, theirs, identity)
    for (const [theirs, ours] of [
      ['namespaces', 'identities'],
      ['notNamespaces', 'notIdentities'],
    ] as const) {
      if (!section.has(theirs)) continue
      if (source[ours] !== undefined) this.#lose(section, theirs)
      else source[ours] = this.#all(section, theirs, name => `spiffe://*/ns/${name}/sa/*`)
    }
    if (section.has('ipBlocks')) source['addresses'] = section.texts('ipBlocks')
    if (section.has('notIpBlocks')) source['notAddresses'] = section.texts('notIpBlocks')
    for (const key of section.keys().filter(key => !SOURCE_KEYS.has(key))) this.#lose(section, key)
    return source
  }

  operation(section: Section | undefined): object {
    if (section === undefined) return {}
    const operation: Record<string, unknown> = {}
    for (const key of ['hosts', 'notHosts', 'methods', 'notMethods'])
      if (section.has(key)) operation[key] = section.texts(key)
    for (const key of ['ports', 'notPorts'])
      if (section.has(key)) operation[key] = section.texts(key).map(Number)
    for (const key of ['paths', 'notPaths'])
      if (section.has(key)) operation[key] = section.texts(key).map(path)
    section.end()
    return operation
  }

  condition(section: Section): object | undefined {
    const key = section.text('key') ?? ''
    const values = section.texts('values')
    const notValues = section.texts('notValues')
    section.end()
    const header = /^request\.headers\[(.+)\]$/.exec(key)?.[1]
    const claim = /^request\.auth\.claims((?:\[[^\]]+\])+)$/.exec(key)?.[1]
    if (key === 'connection.sni' && this.named === undefined) {
      const names = { serverNames: values, notServerNames: notValues }
      this.named = Object.fromEntries(Object.entries(names).filter(([, list]) => list.length > 0))
      return undefined
    }
    if (header === undefined && claim === undefined) {
      this.lost = true
      section.tell(`${key} ${WIDER}`, 'key')
      return undefined
    }
    return {
      ...(header === undefined ? { claim: claim!.slice(1, -1).replaceAll('][', '.') } : { header }),
      ...(values.length > 0 && { values }),
      ...(notValues.length > 0 && { notValues }),
    }
  }

  #all(section: Section, key: string, say: (value: string) => string | undefined): string[] {
    const said = section.texts(key).map(say)
    if (said.includes(undefined)) this.#lose(section, key)
    return said.filter(value => value !== undefined)
  }

  #lose(section: Section, key: string): void {
    this.lost = true
    section.leave(key, WIDER)
  }
}

const SOURCE_KEYS = new Set(
  'principals notPrincipals namespaces notNamespaces ipBlocks notIpBlocks'.split(' '),
)

/** `cluster.local/ns/shop/sa/web`; a star at one of its ends stands for anything. */
function identity(principal: string): string | undefined {
  if (principal === '*') return 'spiffe://*'
  if (principal.startsWith('*/ns/')) return `spiffe://${principal}`
  return principal.startsWith('*') ? undefined : `spiffe://${principal}`
}

/** Istio's `{*}` is one segment, `{**}` any number, a star at an end any text. */
function path(text: string): string {
  return text
    .replaceAll('{**}', '**')
    .replaceAll('{*}', '*')
    .replace(/^\*(?!\*)/, '/**')
}
