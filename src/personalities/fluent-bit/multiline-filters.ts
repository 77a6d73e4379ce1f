import type { Translated, TranslatedInput } from './pipeline.ts'
import { MULTILINE_MARK } from './plugins/filters/multiline.ts'
import type { NotationMap, StepNotation } from './plugins/plugin.ts'
import type { Finding } from './syntax/document.ts'
import { matchesGlob } from './values/glob.ts'

type Filter = Translated & { readonly steps: readonly StepNotation[] }

/** Filters that join lines become an option of the inputs whose tags they match: records are joined where they are read. */
export function withMultiline(
  inputs: readonly TranslatedInput[],
  filters: readonly Filter[],
  findings: Finding[],
): { readonly inputs: readonly TranslatedInput[]; readonly filters: readonly Filter[] } {
  let joined = inputs
  const others = filters.map(filter => {
    const found = markIn(filter.steps)
    if (found === undefined) return filter
    const { tags, options } = found
    const meant = joined.filter(
      input => tags === undefined || tags.some(tag => matchesTag(tagOf(input), tag)),
    )
    if (meant.length === 0)
      findings.push({
        level: 'warning',
        place: filter.place,
        subject: `filter ${filter.name}`,
        message: 'matches the tag of no input: records that other filters make are not joined',
      })
    joined = joined.map(input => (meant.includes(input) ? withOptions(input, options) : input))
    return { ...filter, steps: [] }
  })
  return { inputs: joined, filters: others }
}

function markIn(
  steps: readonly StepNotation[],
): { readonly tags?: readonly string[]; readonly options: NotationMap } | undefined {
  for (const step of steps) {
    const only = step['only'] as NotationMap | undefined
    const inner = (only?.['steps'] as readonly StepNotation[] | undefined) ?? [step]
    const options = inner.find(each => MULTILINE_MARK in each)?.[MULTILINE_MARK] as NotationMap | undefined
    if (options === undefined) continue
    const tags = only?.['tags'] as readonly string[] | undefined
    return { options, ...(tags && { tags }) }
  }
  return undefined
}

/** The text of a line has its own name while it is read, when it is no field of its own. */
function withOptions(input: TranslatedInput, options: NotationMap): TranslatedInput {
  const [kind] = Object.keys(input.entry)
  const entry = input.entry[kind] as NotationMap
  const isLine = entry['format'] === 'raw' || entry['format'] === 'cri' || entry['format'] === 'docker'
  const { field, ...rest } = options
  const before = entry['multiline'] as NotationMap | undefined
  const rules = [
    ...((before?.['rules'] as readonly NotationMap[]) ?? []),
    ...(rest['rules'] as readonly NotationMap[]),
  ]
  const multiline = { ...(!isLine && { field: field! }), ...rest, rules }
  return { ...input, entry: { [kind]: { ...entry, multiline } } }
}

function tagOf({ entry, name }: TranslatedInput): string {
  const [options] = Object.values(entry) as NotationMap[]
  return String(options['tag'] ?? name)
}

/** A star in the tag of an input stands for a path; the pattern has to fit whatever it is. */
function matchesTag(tag: string, pattern: string): boolean {
  const regex = /^\/(.*)\/$/s.exec(pattern)?.[1]
  if (regex !== undefined) return new RegExp(regex).test(tag)
  return matchesGlob(tag, pattern)
}
