/** The payload of a token that was verified. */
export type Claims = Readonly<Record<string, unknown>>

/** Their text is a list of words (RFC 8693 section 4.2, and what identity providers make of it). */
const WORD_LISTS = new Set(['scope', 'scp', 'permission'])
const NO_TEXTS: readonly string[] = []

/**
 * The values of a claim as texts; none when it is absent or an object. A name is taken as it stands first, else its
 * dots lead into objects: `realm_access.roles`. Only what the token itself holds is seen.
 */
export function claimTexts(claims: Claims, name: string): readonly string[] {
  const value = lookUp(claims, name)
  if (typeof value === 'string') return WORD_LISTS.has(name) ? value.split(' ') : [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (!Array.isArray(value)) return NO_TEXTS
  return value.filter(each => ['string', 'number', 'boolean'].includes(typeof each)).map(String)
}

function lookUp(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const key of name.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key))
      return undefined
    value = (value as Claims)[key]
  }
  return value
}
