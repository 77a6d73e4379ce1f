/** Which words of a record can be found. */
export type FullText = 'record' | 'message' | 'none'

/** A line of a megabyte is rarely prose: what comes later in a record is not indexed. */
const MAX_TEXT = 64 * 1024

/** Every string of a JSON text, in order; a colon behind it makes it a key. */
const STRINGS = /"((?:[^"\\]|\\.)*)"(\s*:)?/g
/** Fields that applications put their message in. */
const MESSAGES = /"(?:message|msg|log|text|error|err|exception|stack)"\s*:\s*"((?:[^"\\]|\\.)*)"/g

/** The text that goes into the index: the record's strings without their keys, or those of its message fields. */
export function searchableText(record: string, fullText: FullText): string {
  if (fullText === 'none') return ''
  let text = ''
  for (const [, value = '', colon] of record
    .slice(0, MAX_TEXT)
    .matchAll(fullText === 'record' ? STRINGS : MESSAGES)) {
    if (colon === undefined) text += `${value.includes('\\') ? unescaped(value) : value} `
  }
  return text
}

function unescaped(value: string): string {
  try {
    return JSON.parse(`"${value}"`) as string
  } catch {
    return value
  }
}
