import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'

/**
 * The regular expression that the value of outrigger.dev/inject matches when it asks for one of these names, in any
 * version. Means the same to JavaScript and to CEL (RE2): the webhook and the API server decide by the same text.
 */
export function askingPattern(names: readonly string[]): string {
  const alternatives = [...names].sort().map(name => name.replaceAll(/[.+*?()[\]{}|^$\\]/g, '\\$&'))
  return `(^|,)\\s*(${alternatives.join('|')})(@[^,]*)?\\s*(,|$)`
}

/** Every name that an entry whose sidecar a pod must not lack is asked for by; in the order of the alphabet. */
export function requiredNames(catalogue: Catalogue): string[] {
  const names = catalogue.entries.filter(({ required }) => required).flatMap(namesOf)
  return [...new Set(names)].sort()
}

/** The required entries that a value of outrigger.dev/inject asks for. */
export function requiredOf(inject: string | undefined, catalogue: Catalogue): string[] {
  if (inject === undefined) return []
  const required = catalogue.entries.filter(({ required }) => required)
  const asked = required.filter(entry => new RegExp(askingPattern(namesOf(entry))).test(inject))
  return [...new Set(asked.map(({ name }) => name))]
}

function namesOf(entry: Entry): string[] {
  return [entry.name, ...Object.keys(entry.aliases)]
}
