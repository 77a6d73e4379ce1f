import type { YAMLError } from 'yaml'

/** What a YAML error means for somebody who wrote the file, and what to do. */
const explanations: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  TAB_AS_INDENT: ['a tab is used as indentation', 'indent with spaces'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a "key: value" stands inside a value',
    'check the indentation here and of the next line; text that contains ": " needs quotes',
  ],
  MULTILINE_IMPLICIT_KEY: [
    'a key goes over several lines',
    'check the indentation here and of the next line',
  ],
  BAD_INDENT: [
    'the indentation does not fit, or a bracket is not closed',
    'check the brackets and the indentation',
  ],
  MISSING_CHAR: [
    'something is missing here, such as a closing quote, a comma or ": "',
    'check the quotes and the commas before this place',
  ],
  BAD_ALIAS: ['a value begins with *', 'text that begins with * needs quotes'],
  BAD_SCALAR_START: ['a value begins with a character that YAML keeps for itself', 'put the text in quotes'],
  BAD_DQ_ESCAPE: ['an unknown escape in double quotes', 'write \\\\ for a backslash, or use single quotes'],
  TAG_RESOLVE_FAILED: ['YAML tags (!name) are not supported', 'remove the tag, or put the text in quotes'],
}

/** As an error inside brackets meets it: YAML takes the brace for a mapping. */
const BARE_VARIABLE = /^\$\{[^}\n]*\}/

/** The message and the hint for an error of the YAML library in this text. */
export function explainSyntax(error: YAMLError, text: string): readonly [message: string, hint?: string] {
  const variable = BARE_VARIABLE.exec(text.slice(error.pos[0] - 1))?.[0]
  if (variable !== undefined)
    return [`inside brackets ${variable} needs quotes`, `put the whole text in quotes: '${variable}'`]
  if (/call stack/.test(error.message))
    return ['it is nested too deeply', 'no configuration is nested so deep']
  const known = explanations[error.code]
  return known ?? [`this is not valid YAML: ${error.message.replace(/\s+/g, ' ').trim()}`]
}
