import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import {
  type CatalogueDifference,
  catalogueDifference,
  changeText,
  type EntryDifference,
  entryDifference,
} from '../../injection/catalogue/difference.ts'
import type { Call } from '../call.ts'
import { table } from '../layout.ts'
import { catalogueOfCall, formatOf, print, usage } from './request.ts'

const PODS: Readonly<Record<EntryDifference['pods'], string>> = {
  nothing: 'running pods stay as they are',
  image: 'running pods need only the new image, which Kubernetes replaces in place',
  anew: 'pods get this when they are made anew',
}

/**
 * `outrigger catalog diff A B`: two catalogues, or with NAME@VERSION twice two entries of one. 0 when they are equal, 1
 * when not.
 */
export async function run(call: Call, names: readonly string[]): Promise<number> {
  const [a, b] = names
  if (a === undefined || b === undefined || names.length > 2)
    return usage(call, 'diff', 'expected two catalogues, or NAME@VERSION twice')
  const format = formatOf(call, 'diff')
  if (format === undefined) return 2
  const found = await differenceOf(call, a, b)
  if (found === undefined) return 2
  const { added, removed, changed } = found
  if (format !== 'table') await print(call, found, format)
  else {
    const width = Math.max(100, call.io.stdout.columns ?? 0)
    const lines = [
      ...removed.map(id => `- ${id}`),
      ...added.map(id => `+ ${id}`),
      ...changed.flatMap(each => text(each, width)),
    ]
    call.io.stdout.write(lines.length === 0 ? 'There is no difference.\n' : `${lines.join('\n')}\n`)
  }
  return added.length + removed.length + changed.length === 0 ? 0 : 1
}

async function differenceOf(call: Call, a: string, b: string): Promise<CatalogueDifference | undefined> {
  if (a.includes('@') && b.includes('@')) {
    const catalogue = await catalogueOfCall(call)
    const [before, after] = [
      catalogue && entryOf(call, catalogue, a),
      catalogue && entryOf(call, catalogue, b),
    ]
    if (before === undefined || after === undefined) return undefined
    return {
      added: [],
      removed: [],
      changed: before.hash === after.hash ? [] : [entryDifference(before, after)],
    }
  }
  const before = await catalogueOfCall(call, [a])
  const after = await catalogueOfCall(call, [b])
  return before && after && catalogueDifference(before, after)
}

function entryOf({ io }: Call, catalogue: Catalogue, id: string) {
  const [name = '', version] = id.split('@')
  const found = catalogue.find(name, version)
  if (found.ok) return found.entry
  io.stderr.write(
    `outrigger catalog diff: ${found.message}${found.hint ? `\n    hint: ${found.hint}` : ''}\n`,
  )
  return undefined
}

function text({ name, from, to, changes, pods }: EntryDifference, width: number): string[] {
  const title = from === to ? `~ ${name}@${to} (the same version!)` : `~ ${name} ${from} → ${to}`
  const rows = changes.map(change => [change.about, change.field, changeText(change)])
  return [`${title}: ${PODS[pods]}`, ...table(rows, { indent: 4, width })]
}
