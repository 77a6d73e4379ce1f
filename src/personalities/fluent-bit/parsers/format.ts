import { nearest } from '../../../kernel/config/suggest.ts'
import type { NotationMap, StepNotation, Surroundings } from '../plugins/plugin.ts'
import type { Settings } from '../plugins/settings.ts'
import { fieldNotation } from '../values/accessor.ts'
import type { Parser } from './parsers.ts'

/** How the lines of an input become records: options of ours, and the steps that finish them. */
export interface LineFormat {
  readonly options: NotationMap
  readonly steps: readonly StepNotation[]
}

/**
 * The format of an input with the parser that its option `key` names; without one the line is the field `line.key`.
 * Lines that do not fit the parser become that field, too, as Fluent Bit has it.
 */
export function parserFormat(
  settings: Settings,
  key: string,
  { parsers }: Pick<Surroundings, 'parsers'>,
  line: { readonly key: string },
): LineFormat | undefined {
  const name = settings.text(key)
  if (name === undefined) return { options: { format: 'raw' }, steps: renamed(line.key) }
  const parser = findParser(settings, key, name, parsers)
  if (parser === undefined) return undefined
  const misfits = {
    only: { when: 'exists(parse_error)', steps: [...renamed(line.key), { remove: ['parse_error'] }] },
  }
  return { options: formatNotation(parser), steps: [misfits] }
}

export function findParser(
  settings: Settings,
  key: string,
  name: string,
  parsers: Surroundings['parsers'],
): Parser | undefined {
  const parser = parsers.get(name)
  if (parser !== undefined) return parser
  const near = nearest(name, [...parsers.keys()])
  const known = parsers.size === 0 ? 'no parsers are defined; name their file with parsers_file' : undefined
  settings.fail(
    settings.placeOf(key),
    key,
    `there is no parser "${name}"`,
    near === undefined ? known : `did you mean "${near}"?`,
  )
  return undefined
}

/** The options `format`, `pattern` and `time` of ours. */
export function formatNotation(parser: Parser): NotationMap {
  return {
    format: parser.format,
    ...(parser.pattern !== undefined && { pattern: parser.pattern }),
    ...(parser.time && { time: timeNotation(parser.time) }),
  }
}

export function timeNotation({ field, format, keep, zone }: NonNullable<Parser['time']>): NotationMap {
  return {
    field: fieldNotation([field]) ?? field,
    ...(format !== undefined && { format: timeFormat(format) }),
    ...(zone !== undefined && { zone }),
    keep,
  }
}

/** Fluent Bit's %L is the fraction of the second behind its point, of any length. */
function timeFormat(format: string): string {
  if (format === '%s') return 'epoch_s'
  return format
}

function renamed(field: string): StepNotation[] {
  return field === 'message' ? [] : [{ rename: { message: field } }]
}
