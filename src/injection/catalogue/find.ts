import { nearest } from '../../kernel/config/suggest.ts'
import type { Catalogue, Found } from './catalogue.ts'
import type { Entry } from './entry.ts'

/** A catalogue of these entries; of one name and version there is only one. */
export function catalogueOf(given: readonly Entry[]): Catalogue {
  const entries = given.toSorted((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(a.version, b.version),
  )
  const names = [...new Set(entries.flatMap(({ name, aliases }) => [name, ...Object.keys(aliases)]))]
  return { entries, find: (name, version) => find(entries, names, name, version) }
}

function find(entries: readonly Entry[], names: readonly string[], name: string, version?: string): Found {
  const named = entries.filter(entry => entry.name === name || Object.hasOwn(entry.aliases, name))
  if (named.length === 0) {
    const near = nearest(name, names)
    const hint = near ? `did you mean "${near}"?` : `there are ${names.join(', ') || 'no entries'}`
    return { ok: false, message: `there is no sidecar "${name}" in the catalogue`, hint }
  }
  const fitting = version === undefined ? named : named.filter(entry => fits(entry.version, version))
  const entry =
    fitting.findLast(each => isStable(each, version)) ??
    fitting.findLast(each => !each.deprecated) ??
    fitting.at(-1)
  if (entry !== undefined)
    return { ok: true, entry, set: entry.name === name ? {} : (entry.aliases[name]?.set ?? {}) }
  const versions = named.map(each => each.version).join(', ')
  return { ok: false, message: `there is no version ${version} of "${name}"`, hint: `there are ${versions}` }
}

/** Pre-releases are found when nothing else is, or when they are asked for. */
function isStable(entry: Entry, version: string | undefined): boolean {
  return entry.deprecated === undefined && (!entry.version.includes('-') || entry.version === version)
}

/** `1` and `1.2` are all that begin so, `1.2.3` is itself. */
function fits(version: string, wanted: string): boolean {
  return version === wanted || (/^\d+(\.\d+)?$/.test(wanted) && version.startsWith(`${wanted}.`))
}

/** By Semantic Versioning 2.0.0 section 11; below 0 when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', preA] = cut(a)
  const [coreB = '', preB] = cut(b)
  const core = compareParts(coreA.split('.'), coreB.split('.'))
  if (core !== 0 || preA === preB) return core
  if (preA === undefined || preB === undefined) return preA === undefined ? 1 : -1
  return compareParts(preA.split('.'), preB.split('.'))
}

function cut(version: string): [core: string, pre: string | undefined] {
  const dash = version.indexOf('-')
  return dash < 0 ? [version, undefined] : [version.slice(0, dash), version.slice(dash + 1)]
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [i, part] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (part === other) continue
    const numbers = [part, other].map(each => (/^\d+$/.test(each) ? Number(each) : undefined))
    if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] - numbers[1]
    if (numbers[0] !== undefined || numbers[1] !== undefined) return numbers[0] !== undefined ? -1 : 1
    return part < other ? -1 : 1
  }
  return a.length - b.length
}
