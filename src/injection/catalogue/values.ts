import { isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { holds, NAME, parseCondition, type Scope } from './condition.ts'

// A template is a value with places for other values. It is filled, never evaluated, and what was filled in is not
// looked at again: whatever a value is, it stays in its place.

const MAX_DEPTH = 64
const MAX_ITEMS = 50_000
const MAX_LENGTH = 1024 * 1024

const REFERENCE = /\$\$\{|\$\{([^{}]*)\}/g
const ONLY_REFERENCE = /^\$\{([^{}]*)\}$/

/** A template whose values would make it larger than any pod may be. The message is for people. */
export class TooLarge extends Error {
  constructor(what: string) {
    super(`the values make it ${what}`)
    this.name = 'TooLarge'
  }
}

/**
 * The template with its places filled: a text that is just `${name}` becomes the value with its type, `${name}` inside a
 * text the value's text (lists with commas), `$${` a literal `${`. What names a value that is not there is left out, with
 * its key; so is a mapping whose `$when` does not hold. `{ $each: name, $item: … }` in a list is one item for each of the
 * named value; `{ $each: name, $key: …, $item: … }` elsewhere is a mapping with a key for each. undefined when nothing is
 * left. Throws TooLarge.
 */
export function fill(template: Json, scope: Scope): Json | undefined {
  const budget = new Budget()
  return filled(template, scope, budget, 0)
}

class Budget {
  #items = MAX_ITEMS
  #length = MAX_LENGTH

  take(length: number): void {
    if (--this.#items < 0) throw new TooLarge(`more than ${MAX_ITEMS} values`)
    this.#length -= length
    if (this.#length < 0) throw new TooLarge('longer than 1 MiB')
  }
}

function filled(template: Json, scope: Scope, budget: Budget, depth: number): Json | undefined {
  if (depth > MAX_DEPTH) throw new TooLarge(`deeper than ${MAX_DEPTH}`)
  if (typeof template === 'string') return filledText(template, scope, budget)
  budget.take(0)
  if (Array.isArray(template)) {
    const items: readonly Json[] = template
    return items.flatMap(item => filledItem(item, scope, budget, depth + 1))
  }
  if (!isObject(template)) return template
  const { $when, $value, ...fields } = template
  if (typeof $when === 'string' && !holds($when, scope)) return undefined
  if ($value !== undefined) return filled($value, scope, budget, depth + 1)
  const { $each, $key, $item, ...own } = fields
  const result = filledFields(own, scope, budget, depth + 1)
  if (typeof $each !== 'string' || typeof $key !== 'string') return result
  const keyed = filledItem({ $each, $item: { key: $key, value: $item ?? null } }, scope, budget, depth + 1)
  const pairs = (keyed as { key?: Json; value?: Json }[]).flatMap(({ key, value }) =>
    key === undefined || value === undefined ? [] : [[textOf(key), value] as const],
  )
  return { ...Object.fromEntries(pairs), ...result }
}

function filledFields(fields: JsonObject, scope: Scope, budget: Budget, depth: number): JsonObject {
  const entries = Object.entries(fields).flatMap(([key, value]) => {
    const result = filled(value, scope, budget, depth)
    if (result === undefined) return []
    budget.take(key.length)
    return [[key, result] as const]
  })
  return Object.fromEntries(entries)
}

function filledItem(item: Json, scope: Scope, budget: Budget, depth: number): Json[] {
  if (!isObject(item) || typeof item['$each'] !== 'string') {
    const result = filled(item, scope, budget, depth)
    return result === undefined ? [] : [result]
  }
  const { $each, $when, $item = null } = item
  return itemsOf(scope($each as string)).flatMap(value => {
    const inner: Scope = name => (isOfItem(name) ? within(value, name) : scope(name))
    if (typeof $when === 'string' && !holds($when, inner)) return []
    return filledItem($item, inner, budget, depth + 1)
  })
}

/** A mapping gives an item with `key` and `value` for each of its fields. */
function itemsOf(value: Json | undefined): readonly Json[] {
  if (Array.isArray(value)) return value
  return isObject(value) ? Object.entries(value).map(([key, each]) => ({ key, value: each })) : []
}

function isOfItem(name: string): boolean {
  return name === 'item' || name.startsWith('item.')
}

function within(value: Json, name: string): Json | undefined {
  let here: Json | undefined = value
  for (const step of name.split('.').slice(1))
    here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined
  return here
}

function filledText(template: string, scope: Scope, budget: Budget): Json | undefined {
  const only = ONLY_REFERENCE.exec(template)
  if (only !== null) {
    const value = scope(only[1]) ?? undefined
    if (value !== undefined) measure(value, budget, 0)
    return value
  }
  let whole = true
  const text = template.replace(REFERENCE, (written, name?: string) => {
    if (name === undefined) return '${'
    const value = scope(name) ?? undefined
    if (value === undefined) whole = false
    return value === undefined ? written : textOf(value)
  })
  budget.take(text.length)
  return whole ? text : undefined
}

function measure(value: Json, budget: Budget, depth: number): void {
  if (depth > MAX_DEPTH) throw new TooLarge(`deeper than ${MAX_DEPTH}`)
  budget.take(typeof value === 'string' ? value.length : 0)
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value)) {
    budget.take(Array.isArray(value) ? 0 : key.length)
    measure(each, budget, depth + 1)
  }
}

function textOf(value: Json): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A name that a template uses, and where; or what is wrong with it there. */
export type TemplateUse =
  | { readonly path: Path; readonly name: string; readonly within: 'whole' | 'text' | 'condition' | 'each' }
  | { readonly path: Path; readonly message: string }

/** Every name in a template, but for `item` where a `$each` gives it one, and every mistake of its language. */
export function usesOf(template: Json, path: Path = [], items = 0): TemplateUse[] {
  if (typeof template === 'string') return usesOfText(template, path, items)
  if (Array.isArray(template))
    return template.flatMap((item: Json, i) => usesOfItem(item, [...path, i], items))
  if (!isObject(template)) return []
  if (!Object.hasOwn(template, '$each')) return usesOfMapping(template, path, items, ['$when', '$value'])
  const { $each, $key, $item, ...own } = template
  const uses = usesOfEach($each ?? null, $item, path, items)
  if (typeof $key !== 'string') uses.push({ path, message: 'outside of a list $each needs a $key' })
  else uses.push(...usesOf($key, [...path, '$key'], items + 1))
  return [...uses, ...usesOfMapping(own, path, items, ['$when'])]
}

function usesOfItem(item: Json, path: Path, items: number): TemplateUse[] {
  if (!isObject(item) || !Object.hasOwn(item, '$each')) return usesOf(item, path, items)
  const { $each, $item, ...others } = item
  const uses = usesOfMapping(others, path, items + 1, ['$when'])
  const strange = Object.keys(others).filter(key => !key.startsWith('$'))
  if (strange.length > 0)
    uses.push({ path: [...path, strange[0]], message: 'beside $each there are only $item and $when' })
  return [...uses, ...usesOfEach($each ?? null, $item, path, items)]
}

function usesOfEach($each: Json, $item: Json | undefined, path: Path, items: number): TemplateUse[] {
  const uses: TemplateUse[] = []
  if ($item === undefined) uses.push({ path, message: '$each needs an $item' })
  if (items > 0) uses.push({ path, message: 'a $each within a $each is too much' })
  if (typeof $each !== 'string' || !NAME.test($each))
    uses.push({ path: [...path, '$each'], message: 'expected the name of a list' })
  else uses.push(...nameUse($each, [...path, '$each'], 'each', items))
  return [...uses, ...usesOf($item ?? null, [...path, '$item'], items + 1)]
}

function usesOfMapping(
  mapping: JsonObject,
  path: Path,
  items: number,
  known: readonly string[],
): TemplateUse[] {
  return Object.entries(mapping).flatMap(([key, value]): TemplateUse[] => {
    const here = [...path, key]
    if (key === '$when') return usesOfCondition(value, here, items)
    const uses = usesOf(value, here, items)
    if (key.includes('${')) uses.push({ path: here, message: 'a key is no template' })
    else if (key.startsWith('$') && !known.includes(key))
      uses.push({ path: here, message: `expected ${known.join(' or ')}, got ${key}` })
    else if (key === '$value' && Object.keys(mapping).some(other => !other.startsWith('$')))
      uses.push({ path: here, message: 'beside $value there is only $when' })
    return uses
  })
}

function usesOfCondition(value: Json, path: Path, items: number): TemplateUse[] {
  if (typeof value !== 'string') return [{ path, message: 'expected a condition as text' }]
  const condition = parseCondition(value)
  if (!condition.ok) return [{ path, message: condition.message }]
  return condition.terms.flatMap(({ name }) => nameUse(name, path, 'condition', items))
}

function usesOfText(text: string, path: Path, items: number): TemplateUse[] {
  const within = ONLY_REFERENCE.test(text) ? 'whole' : 'text'
  const uses = Array.from(text.matchAll(REFERENCE), ([written, name]): TemplateUse[] => {
    if (name === undefined) return []
    if (!NAME.test(name)) return [{ path, message: `expected a name, got ${written}` }]
    return nameUse(name, path, within, items)
  }).flat()
  if (text.replace(REFERENCE, '').includes('${'))
    uses.push({
      path,
      message: 'a place begins and does not end; a literal one is written with two dollar signs',
    })
  return uses
}

function nameUse(
  name: string,
  path: Path,
  within: 'whole' | 'text' | 'condition' | 'each',
  items: number,
): TemplateUse[] {
  return items > 0 && isOfItem(name) ? [] : [{ path, name, within }]
}
