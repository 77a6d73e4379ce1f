/**
 * JSON with the keys of every mapping in the order of their UTF-16 units (as RFC 8785 section 3.2.3) and without white
 * space: equal values give equal texts. Keys whose value is undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const given = value as Record<string, unknown>
  const fields = Object.keys(given)
    .filter(key => given[key] !== undefined)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalJson(given[key])}`)
  return `{${fields.join(',')}}`
}
