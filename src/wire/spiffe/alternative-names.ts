/** One name of a certificate: `{ type: 'URI', value: 'spiffe://…' }`. */
export interface AlternativeName {
  readonly type: string
  readonly value: string
}

/**
 * The subject alternative names as the runtime writes them: `DNS:a, URI:b`, with values that hold commas, quotes or
 * control characters as JSON strings, so that a value cannot pass for two. undefined when the text is not of that form.
 */
export function parseAlternativeNames(text: string): AlternativeName[] | undefined {
  const names: AlternativeName[] = []
  let at = 0
  while (at < text.length) {
    const match = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^",]*)(, |$)/y
    match.lastIndex = at
    const found = match.exec(text)
    if (found === null) return undefined
    const value = unquoted(found[2]!)
    if (value === undefined) return undefined
    names.push({ type: found[1]!, value })
    at = match.lastIndex
  }
  return names
}

function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
