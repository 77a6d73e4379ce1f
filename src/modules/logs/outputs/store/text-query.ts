/** A search for words, split into what the index answers and what is checked on the record afterwards. */
export interface TextQuery {
  /** An FTS5 expression: every word must be there. */
  readonly match: string
  /** Pieces that must stand in the record as they are, but for upper and lower case: the index knows words, not their order. */
  readonly pieces: readonly string[]
}

/** Words as the index's tokenizer (unicode61) sees them. */
const WORDS = /[\p{L}\p{N}\p{Co}\p{M}]+/gu

/**
 * `timeout 10.0.0.7 "connection refused" check*`: words in any order, quoted phrases, words that begin so.
 * Undefined when there is no letter or digit in it.
 */
export function textQuery(text: string): TextQuery | undefined {
  const match: string[] = []
  const pieces: string[] = []
  for (const [, phrase, word] of text.matchAll(/"([^"]*)"|(\S+)/g)) {
    const piece = phrase ?? word ?? ''
    const words = piece.match(WORDS) ?? []
    if (words.length === 0) continue
    const isPrefix = phrase === undefined && piece.endsWith('*')
    match.push(...words.map((each, i) => (isPrefix && i === words.length - 1 ? `"${each}"*` : `"${each}"`)))
    if (words.length > 1) pieces.push(JSON.stringify(isPrefix ? piece.slice(0, -1) : piece).slice(1, -1))
  }
  return match.length === 0 ? undefined : { match: match.join(' AND '), pieces }
}
