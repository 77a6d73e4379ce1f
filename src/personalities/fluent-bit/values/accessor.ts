/** One step into a record: a field of an object, or an item of a list. */
export type Step = string | number

/** A piece of a template with record accessors. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly path: readonly Step[] }
  | { readonly kind: 'tag' }
  | { readonly kind: 'tagPart'; readonly index: number }
  | { readonly kind: 'capture'; readonly index: number }

const IDENTIFIER = /^[_A-Za-z][A-Za-z0-9_\-/]*/
const STEP = /^\[\s*(?:'((?:[^']|'')*)'|"([^"]*)"|(\d+))\s*\]/

/**
 * `$key`, `$a['b'][0]`, `$TAG`, `$TAG[1]`, `$0`…`$9` and the text between them. `dots` says that an identifier may hold
 * dots, as where a whole value is one accessor; in templates a dot ends it. A `$` that begins none of them is text.
 */
export function parseTemplate(text: string, dots = false): Piece[] {
  const pieces: Piece[] = []
  let rest = text
  const addText = (more: string) => {
    const last = pieces.at(-1)
    if (last?.kind === 'text') pieces[pieces.length - 1] = { kind: 'text', text: last.text + more }
    else if (more !== '') pieces.push({ kind: 'text', text: more })
  }
  while (rest !== '') {
    const at = rest.indexOf('$')
    if (at !== 0) {
      addText(at < 0 ? rest : rest.slice(0, at))
      rest = at < 0 ? '' : rest.slice(at)
      continue
    }
    const taken = takeAccessor(rest.slice(1), dots)
    if (taken === undefined) {
      addText('$')
      rest = rest.slice(1)
    } else {
      pieces.push(taken.piece)
      rest = rest.slice(1 + taken.length)
    }
  }
  return pieces
}

function takeAccessor(text: string, dots: boolean): { piece: Piece; length: number } | undefined {
  const capture = /^\d/.exec(text)
  if (capture) return { piece: { kind: 'capture', index: Number(capture[0]) }, length: 1 }
  const tag = /^TAG(?:\[(\d+)\])?(?![A-Za-z0-9_])/.exec(text)
  if (tag) {
    const piece: Piece = tag[1] === undefined ? { kind: 'tag' } : { kind: 'tagPart', index: Number(tag[1]) }
    return { piece, length: tag[0].length }
  }
  const name = (dots ? /^[_A-Za-z][A-Za-z0-9_.\-/]*/ : IDENTIFIER).exec(text)?.[0]
  if (name === undefined) return undefined
  const path: Step[] = [name]
  let length = name.length
  for (let step = STEP.exec(text.slice(length)); step !== null; step = STEP.exec(text.slice(length))) {
    path.push(step[3] === undefined ? (step[1]?.replaceAll("''", "'") ?? step[2]) : Number(step[3]))
    length += step[0].length
  }
  return { piece: { kind: 'field', path }, length }
}

/** The path that a whole text means: `$a['b']`, or a plain key without `$`; undefined when it is something else. */
export function parseAccessor(text: string): readonly Step[] | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith('$')) return trimmed === '' ? undefined : [trimmed]
  const pieces = parseTemplate(trimmed, true)
  return pieces.length === 1 && pieces[0].kind === 'field' ? pieces[0].path : undefined
}

/** Our own notation of a path: `a.b`, names with other characters quoted; undefined for items of lists, which it has none for. */
export function fieldNotation(path: readonly Step[]): string | undefined {
  if (path.some(step => typeof step === 'number')) return undefined
  return path
    .map(step => (/^[A-Za-z_@][A-Za-z0-9_@-]*$/.test(String(step)) ? String(step) : JSON.stringify(step)))
    .join('.')
}
