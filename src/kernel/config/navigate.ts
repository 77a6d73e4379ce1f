import type { Doc } from './doc.ts'
import { nearest } from './suggest.ts'

export type Found =
  | { readonly ok: true; readonly doc: Doc; readonly path: string; readonly alternative: boolean }
  | { readonly ok: false; readonly message: string }

/** The description at a path such as `logs.inputs.tail` or `logs.inputs[0].tail`: lists are passed through, a map takes any name. */
export function find(root: Doc, path: string): Found {
  const steps = path.split(/[.[\]]+/).filter(step => step !== '')
  let doc = root
  const walked: string[] = []
  let alternative = false
  for (const step of steps) {
    doc = throughLists(doc)
    if (doc.kind !== 'map' && /^\d+$/.test(step)) continue
    const next = children(doc)?.[step] ?? (doc.kind === 'map' ? doc.item : undefined)
    if (next === undefined) return { ok: false, message: notFound(root, doc, walked, step, steps) }
    walked.push(step)
    alternative = doc.kind === 'oneOf'
    doc = next
  }
  return { ok: true, doc, path: walked.join('.'), alternative }
}

/** The named parts of an object or a choice between objects, also inside lists. */
export function children(doc: Doc): Readonly<Record<string, Doc>> | undefined {
  const inner = throughLists(doc)
  return inner.kind === 'tagged' ? fieldsOfAll(inner) : (inner.fields ?? inner.alternatives)
}

/** The tag is no step of a path, so the fields of a tagged mapping are those of all its kinds. */
function fieldsOfAll(doc: Doc): Readonly<Record<string, Doc>> {
  const all: Record<string, Doc> = {}
  for (const alternative of Object.values(doc.alternatives!)) {
    for (const [name, field] of Object.entries(alternative.fields!)) {
      const earlier = all[name]
      all[name] = earlier === undefined ? field : joined(earlier, field)
    }
  }
  return all
}

/** The same field of two kinds: what is inside both, where there is an inside. */
function joined(one: Doc, other: Doc): Doc {
  if (one.kind === 'list' && other.kind === 'list') return { ...one, item: joined(one.item!, other.item!) }
  if (one.kind === 'choice' && other.kind === 'choice')
    return { ...one, choices: [...new Set([...one.choices!, ...other.choices!])] }
  if (one.kind !== 'object' || other.kind !== 'object') return one.kind === 'object' ? one : other
  const fields = { ...one.fields! }
  for (const [name, field] of Object.entries(other.fields!))
    fields[name] = fields[name] === undefined ? field : joined(fields[name], field)
  return { ...one, fields }
}

function throughLists(doc: Doc): Doc {
  return doc.kind === 'list' ? throughLists(doc.item!) : doc
}

function notFound(
  root: Doc,
  doc: Doc,
  walked: readonly string[],
  step: string,
  steps: readonly string[],
): string {
  const known = Object.keys(children(doc) ?? {})
  const near = nearest(step, known)
  const rest = steps.slice(steps.indexOf(step) + 1)
  if (near) return `unknown option "${step}"; did you mean ${[...walked, near, ...rest].join('.')}?`
  const elsewhere = pathsOf(root).filter(path => path.split('.').at(-1) === steps.at(-1))
  if (elsewhere.length > 0)
    return `unknown option "${step}"; did you mean ${elsewhere.slice(0, 5).join(' or ')}?`
  const where = walked.length === 0 ? 'the top level' : walked.join('.')
  return known.length === 0
    ? `${where} has no options inside`
    : `unknown option "${step}"; ${where} has ${known.join(', ')}`
}

/** Every path of the reference, parents first. */
export function pathsOf(doc: Doc, prefix = ''): string[] {
  const inner = throughLists(doc)
  const named = Object.entries(children(inner) ?? {}).flatMap(([key, child]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    return [path, ...pathsOf(child, path)]
  })
  const ofMap = inner.kind === 'map' && children(inner.item!) ? pathsOf(inner.item!, `${prefix}.NAME`) : []
  return [...named, ...ofMap]
}
