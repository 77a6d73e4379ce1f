import { translateOnigmo } from '../../../wire/regex/onigmo.ts'

/** A pattern of Fluent Bit in our notation, which has no flags beside it, or why it cannot be one. */
export type TranslatedRegex = { readonly source: string } | { readonly problem: string }

/**
 * Ruby's notation, `/…/imx` or bare, in JavaScript's. That `^` and `$` stand at every line makes a difference only for
 * texts of several lines (`lines`), and costs the fast matcher for some patterns.
 */
export function translateRegex(text: string, { lines = false } = {}): TranslatedRegex {
  const translated = translateOnigmo(text)
  if ('problem' in translated) return translated
  const flags = lines ? translated.flags : translated.flags.replace('m', '')
  return { source: flags === '' ? translated.source : `(?${flags}:${translated.source})` }
}
