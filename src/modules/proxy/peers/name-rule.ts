/** A rule that derives who is to be met from the name that a client asks for. */
export interface NameRule {
  /** Undefined: the rule says nothing of this name (lower case, no dot at its end). */
  identityOf(name: string): string | undefined
  /** A name that fits. */
  readonly sample: string
}

export interface WrongRule {
  readonly wrong: string
  readonly at: 'host' | 'identity'
}

const WORD = /\{(\w+)\}/g
/** What a label of a host name may hold, and a segment of a SPIFFE path takes as it is. */
const LABEL = '[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?'

/** `{name}.{namespace}.svc` to `spiffe://example.org/ns/{namespace}/sa/{name}`: a word in braces is one whole label of the name. */
export function parseNameRule(rule: {
  readonly host: string
  readonly identity: string
}): NameRule | WrongRule {
  const labels = rule.host.split('.')
  const words: string[] = []
  const patterns: string[] = []
  for (const label of labels) {
    const word = /^\{(\w+)\}$/.exec(label)?.[1]
    if (word === undefined && !new RegExp(`^${LABEL}$`).test(label))
      return { at: 'host', wrong: `${JSON.stringify(label)} is neither a label nor one word in braces` }
    if (word !== undefined && words.includes(word))
      return { at: 'host', wrong: `{${word}} stands in it twice` }
    if (word !== undefined) words.push(word)
    patterns.push(word === undefined ? label : `(?<${word}>${LABEL})`)
  }
  for (const [, word] of rule.identity.matchAll(WORD))
    if (!words.includes(word!)) return { at: 'identity', wrong: `{${word}} does not stand in the host` }
  if (/[{}]/.test(rule.identity.replace(WORD, '')))
    return { at: 'identity', wrong: 'has a brace without its other one' }
  const expression = new RegExp(`^${patterns.join('\\.')}$`)
  return {
    sample: rule.host.replace(WORD, 'a'),
    identityOf(name) {
      const { groups } = expression.exec(name) ?? {}
      if (groups === undefined && !expression.test(name)) return undefined
      return rule.identity.replace(WORD, (_, word: string) => groups![word]!)
    },
  }
}
