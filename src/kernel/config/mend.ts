import type { Doc } from './doc.ts'
import { Interpolated } from './interpolated.ts'
import { SPECIAL_NAMES } from './mapping.ts'
import type { Problem } from './problem.ts'

type Path = Problem['path']
type Mapping = Record<string, unknown>

/**
 * The input with something valid in place of what the schema refused at these paths, so that the rules between options
 * can be asked as well and all problems are told at once. Undefined where nothing valid can be made up.
 */
export function mend(doc: Doc, input: unknown, wrong: readonly Path[]): unknown {
  try {
    return mendValue(doc, input, wrong)
  } catch (error) {
    if (error === IMPOSSIBLE) return undefined
    throw error
  }
}

/**
 * Whether a rule's problem stands by itself: what was made up in its own mapping, or inside what it speaks of, may well
 * be its cause.
 */
export function isIndependent({ path }: Problem, wrong: readonly Path[]): boolean {
  const mapping = path.slice(0, -1)
  return !wrong.some(other => isWithin(other, mapping) || isWithin(path, other))
}

function isWithin(path: Path, outer: Path): boolean {
  return outer.every((step, index) => path[index] === step)
}

const IMPOSSIBLE = new Error('no value can be made up')
const REMOVED = Symbol('removed')

function mendValue(doc: Doc, value: unknown, wrong: readonly Path[]): unknown {
  if (wrong.length === 0) return value
  if (wrong.some(path => path.length === 0)) return madeUp(doc)
  if (Array.isArray(value)) {
    return value.map((item, index) => mendValue(doc.item ?? impossible(), item, below(wrong, index)))
  }
  if (typeof value !== 'object' || value instanceof Interpolated) return madeUp(doc)
  const mapping = (value ?? {}) as Mapping
  const alternative = alternativeOf(doc, mapping)
  if (alternative === undefined) return madeUp(doc)
  const keys = new Set([...Object.keys(mapping), ...wrong.map(([step]) => String(step))])
  const usable = [...keys].filter(key => !SPECIAL_NAMES.test(key))
  const entries = usable.map(key => {
    const mended = mendField(alternative.item ?? alternative.fields?.[key], mapping[key], below(wrong, key))
    return [key, mended] as const
  })
  return Object.fromEntries(entries.filter(([, mended]) => mended !== REMOVED))
}

function mendField(doc: Doc | undefined, value: unknown, wrong: readonly Path[]): unknown {
  if (wrong.length === 0) return value
  if (doc === undefined) return REMOVED
  const isWhole = wrong.some(path => path.length === 0)
  return isWhole && (doc.optional || doc.default !== undefined) ? REMOVED : mendValue(doc, value, wrong)
}

/** What describes the keys of a mapping; undefined when it does not say which alternative it is. */
function alternativeOf(doc: Doc, mapping: Mapping): Doc | undefined {
  const { kind, tag, alternatives = {} } = doc
  if (kind === 'object' || kind === 'map') return doc
  if (kind === 'tagged') {
    const given = mapping[tag!]
    return alternatives[given instanceof Interpolated ? given.text : String(given)]
  }
  const names = Object.keys(mapping)
  return kind === 'oneOf' && names.length === 1 && Object.hasOwn(alternatives, names[0]!)
    ? { ...doc, fields: alternatives }
    : undefined
}

function below(paths: readonly Path[], step: string | number): Path[] {
  return paths.filter(path => path[0] === step).map(path => path.slice(1))
}

/** Something that the schema takes, in the notation of the file. */
function madeUp(doc: Doc): unknown {
  const { kind, example, pattern, protocols, choices, min, max, minItems = 0 } = doc
  if (example !== undefined) return example
  if (doc.default !== undefined) return doc.default
  switch (kind) {
    case 'string':
      return pattern === undefined ? 'x' : impossible()
    case 'secret':
    case 'scalar':
      return 'x'
    case 'url':
      return `${protocols![0]}://host.invalid`
    case 'address':
      return '127.0.0.1:1'
    case 'integer':
    case 'number':
      return min ?? max ?? 0
    case 'duration':
      return min ?? max ?? '1s'
    case 'size':
      return min ?? max ?? '1MiB'
    case 'ignored':
      return undefined
    case 'boolean':
      return false
    case 'choice':
      return choices![0]
    case 'list':
      return Array.from({ length: minItems }, () => madeUp(doc.item!))
    case 'map':
      return {}
    case 'object':
      return madeUpMapping(doc)
    case 'tagged':
      return madeUpMapping(Object.values(doc.alternatives!)[0]!)
    case 'oneOf': {
      const [name, alternative] = Object.entries(doc.alternatives!)[0]!
      return { [name]: madeUp(alternative) }
    }
  }
}

function madeUpMapping({ fields = {} }: Doc): Mapping {
  const required = Object.entries(fields).filter(
    ([, field]) => !field.optional && field.default === undefined,
  )
  return Object.fromEntries(required.map(([name, field]) => [name, madeUp(field)]))
}

function impossible(): never {
  throw IMPOSSIBLE
}
