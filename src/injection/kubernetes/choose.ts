import type { Json } from '../../manifests/json.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'
import { joinSets } from '../catalogue/parameters.ts'
import { type Pod, quote } from './pod.ts'
import { fail, type Tell } from './refusal.ts'
import type { Asked } from './wish.ts'

/** One entry that the pod is to get, under however many names it was asked for. */
export interface Chosen {
  readonly entry: Entry
  /** What its aliases set. */
  readonly set: Readonly<Record<string, Json>>
  readonly asked: Asked
}

/** The entries behind the names, in the order in which their sidecars start. */
export function choose(asked: readonly Asked[], catalogue: Catalogue, tell: Tell): Chosen[] {
  const byName = new Map<string, Chosen>()
  for (const each of asked) {
    const found = catalogue.find(each.name, each.version)
    if (!found.ok) fail('unknown_entry', each.path, found.message, found.hint)
    const { entry, set } = found
    const before = byName.get(entry.name)
    if (before === undefined) byName.set(entry.name, { entry, set, asked: each })
    else
      byName.set(entry.name, { ...before, entry: newer(before, entry, each), set: join(before, set, each) })
  }
  const chosen = withoutReplaced([...byName.values()], tell)
  for (const each of chosen) {
    assertComplete(each, chosen)
    const { deprecated, name, version } = each.entry
    if (deprecated !== undefined)
      tell(
        'warning',
        'deprecated-entry',
        each.asked.path,
        `${name} ${version} is deprecated: ${deprecated.reason}`,
        deprecated.use === undefined ? undefined : `use ${deprecated.use}`,
      )
  }
  return chosen.sort((a, b) => a.entry.order - b.entry.order || (a.entry.name < b.entry.name ? -1 : 1))
}

/** `outrigger@1.2,logs`: the version that was named stands. */
function newer(before: Chosen, entry: Entry, asked: Asked): Entry {
  if (entry.version === before.entry.version || asked.version === undefined) return before.entry
  if (before.asked.version === undefined) return entry
  return fail(
    'conflict',
    asked.path,
    `${entry.name} is asked for in versions ${before.entry.version} and ${entry.version}`,
    'ask for one of them',
  )
}

function join(before: Chosen, other: Readonly<Record<string, Json>>, asked: Asked): Record<string, Json> {
  const { set, disagree } = joinSets([before.set, other])
  if (disagree.length > 0)
    fail(
      'conflict',
      asked.path,
      `${before.asked.name} and ${asked.name} want different values of ${disagree.join(', ')} of ${before.entry.name}`,
      'ask for one of them',
    )
  return { ...set }
}

function withoutReplaced(chosen: readonly Chosen[], tell: Tell): Chosen[] {
  return chosen.filter(({ entry, asked }) => {
    const other = chosen.find(each => each.entry !== entry && each.entry.replaces.includes(entry.name))
    if (other !== undefined)
      tell(
        'info',
        'replaced-entry',
        asked.path,
        `${other.entry.name} takes the place of ${entry.name}, which is not injected`,
        `ask for ${other.entry.name} alone`,
      )
    return other === undefined
  })
}

function assertComplete({ entry, asked }: Chosen, chosen: readonly Chosen[]): void {
  const has = (name: string): boolean =>
    chosen.some(each => each.entry.name === name || Object.hasOwn(each.entry.aliases, name))
  for (const name of entry.requires)
    if (!has(name))
      fail(
        'missing_requirement',
        asked.path,
        `${entry.name} needs ${name} beside it`,
        `ask for both: "${name},${entry.name}"`,
      )
  const rival = entry.conflicts.find(name =>
    chosen.some(each => each.entry !== entry && each.entry.name === name),
  )
  if (rival !== undefined)
    fail('conflict', asked.path, `${entry.name} and ${rival} cannot be in one pod`, 'ask for one of them')
}

/** Sidecars that stand in the manifest and do what the entry does, or cannot be beside it. */
export function meetOthers({ entry }: Chosen, pod: Pod, tell: Tell): void {
  if (entry.conflicts.length === 0 && entry.replaces.length === 0) return
  for (const list of ['initContainers', 'containers'] as const)
    for (const [index, { name }] of pod[list].entries()) {
      const path = ['spec', list, index]
      if (entry.conflicts.includes(name))
        fail(
          'conflict',
          path,
          `${entry.name} cannot be beside the container ${quote(name)}`,
          `remove ${name}`,
        )
      if (entry.replaces.includes(name))
        tell(
          'warning',
          'replaced-container',
          path,
          `${entry.name} does the work of the container ${quote(name)}, which stays`,
          `remove ${name} from the manifest`,
        )
    }
}
