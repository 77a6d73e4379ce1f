import type { Settings } from './plugins/settings.ts'
import { fieldNotation, type Piece, parseTemplate } from './values/accessor.ts'

/**
 * A template with record accessors in our notation: `$TAG` → `{$tag}`, `$TAG[1]` → `{$tag[1]}`, `$a['b']` → `{a.b}`.
 * `fallback` is the text for a field that a record lacks.
 */
export function templateOf(
  settings: Settings,
  key: string,
  text: string,
  { fallback, captures = false }: { readonly fallback?: string; readonly captures?: boolean } = {},
): string | undefined {
  const or = fallback === undefined ? '' : `|${JSON.stringify(fallback)}`
  const pieces = parseTemplate(text).map(piece =>
    piece.kind === 'capture' && captures ? `{$${piece.index}}` : pieceNotation(piece, or),
  )
  if (!pieces.includes(undefined)) return pieces.join('')
  settings.fail(
    settings.placeOf(key),
    key,
    `${text} has parts that are not supported here`,
    "write fields as $key['inner']",
  )
  return undefined
}

/** Text that a template must not take for anything else. */
export function literalText(text: string): string {
  return text.replaceAll(/[{}]/g, '$&$&')
}

function pieceNotation(piece: Piece, or: string): string | undefined {
  switch (piece.kind) {
    case 'text':
      return literalText(piece.text)
    case 'tag':
      return '{$tag}'
    case 'tagPart':
      return `{$tag[${piece.index}]${or}}`
    case 'field': {
      const field = fieldNotation(piece.path)
      return field === undefined ? undefined : `{${field}${or}}`
    }
    case 'capture':
      return undefined
  }
}
