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

/** The options of ours that say how a text becomes fields. */
export function formatNotation(parser: Parser): NotationMap {
  const { format, pattern, types, decoders, time } = parser
  const isText = format !== 'json'
  const name = (field: string) => fieldNotation([field]) ?? field
  return {
    format,
    ...(pattern !== undefined && { pattern }),
    ...(isText &&
      types.size > 0 && {
        types: Object.fromEntries(types),
      }),
    ...(isText && { skipEmpty: parser.skipEmptyValues }),
    ...(format === 'logfmt' && parser.noBareKeys && { bareKeys: false }),
    ...(decoders.length > 0 && {
      decode: decoders.map(({ as, decoder, field, action }) => ({
        field: name(field),
        as: decoder,
        ...(decoder === 'json' && !as && { merge: true }),
        next: NEXT[action],
      })),
    }),
    ...(time && { time: timeNotation(time) }),
  }
}

const NEXT = { none: 'never', try_next: 'if_failed', do_next: 'always' } as const

export function timeNotation({ field, format, keep, zone }: NonNullable<Parser['time']>): NotationMap {
  return {
    field: fieldNotation([field]) ?? field,
    ...(format !== undefined && { format: timeFormat(format) }),
    ...(zone !== undefined && { zone }),
    keep,
  }
}

/** Fluent Bit takes any fraction for %L, and leaves alone what stands behind the time, such as a Z. */
function timeFormat(format: string): string {
  if (/^%Y-%m-%dT%H:%M:%S(?:\.%L|\.%N)?(?:Z|%z)?$/.test(format)) return 'iso8601'
  return format === '%s' || format === '%s.%L' ? 'epoch_s' : format
}

function renamed(field: string): StepNotation[] {
  return field === 'message' ? [] : [{ rename: { fields: { message: field } } }]
}
