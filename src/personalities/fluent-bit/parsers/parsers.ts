import { type Options, option } from '../plugins/option.ts'
import { Settings } from '../plugins/settings.ts'
import type { Finding, Section } from '../syntax/document.ts'
import { textOf } from '../syntax/document.ts'
import { translateRegex } from '../values/regex.ts'
import { readWords } from '../values/scalars.ts'

/** A [PARSER], read. */
export interface Parser {
  readonly name: string
  readonly format: 'json' | 'regex' | 'ltsv' | 'logfmt'
  /** In JavaScript's notation; for format regex. */
  readonly pattern?: string
  readonly time?: {
    readonly field: string
    readonly format?: string
    readonly keep: boolean
    /** `+02:00`, `local` or `Europe/Berlin`; of times that name no zone. */
    readonly zone?: string
    readonly strict: boolean
  }
  readonly types: ReadonlyMap<string, 'integer' | 'float' | 'bool' | 'hex' | 'string'>
  readonly decoders: readonly Decoder[]
  readonly skipEmptyValues: boolean
  readonly noBareKeys: boolean
}

/** `Decode_Field json log` and `Decode_Field_As escaped_utf8 log do_next`. */
export interface Decoder {
  /** Whether the decoded text stays in its field, or becomes a structure. */
  readonly as: boolean
  readonly decoder: 'json' | 'escaped' | 'escaped_utf8' | 'mysql_quoted'
  readonly field: string
  readonly action: 'none' | 'try_next' | 'do_next'
}

/** A [MULTILINE_PARSER], read. */
export interface MultilineParser {
  readonly name: string
  readonly type: 'regex' | 'endswith' | 'equal'
  readonly matchString?: string
  readonly negate: boolean
  readonly parser?: string
  readonly keyContent?: string
  readonly keyGroup?: string
  readonly keyPattern?: string
  readonly flushMs: number
  readonly rules: readonly {
    readonly from: readonly string[]
    readonly pattern: string
    readonly to: string
  }[]
}

export type Parsers = ReadonlyMap<string, Parser>
export type MultilineParsers = ReadonlyMap<string, MultilineParser>

export const parserOptions: Options = {
  name: option.text(),
  format: option.text(),
  regex: option.text(),
  time_key: option.text(),
  time_format: option.text(),
  time_keep: option.boolean('off'),
  time_offset: option.text(),
  time_zone: option.text(),
  time_strict: option.boolean('on'),
  time_system_timezone: option.boolean('off'),
  types: option.text(),
  skip_empty_values: option.boolean('on'),
  logfmt_no_bare_keys: option.boolean('off'),
  decode_field: option.text(undefined, { repeated: true }),
  decode_field_as: option.text(undefined, { repeated: true }),
}

export const multilineParserOptions: Options = {
  name: option.text(),
  type: option.text(),
  match_string: option.text(),
  negate: option.boolean('off'),
  parser: option.text(),
  key_content: option.text(),
  key_group: option.text(),
  key_pattern: option.text(),
  flush_timeout: option.text('4000'),
  rule: option.text(undefined, { repeated: true }),
  rules: option.structure(),
}

/** Reads all parsers; of one that is defined twice the first holds, as in Fluent Bit, and the second is told. */
export function readParsers(sections: readonly Section[], findings: Finding[]): Parsers {
  const parsers = new Map<string, Parser>()
  for (const section of sections) {
    const parser = readParser(section, findings)
    if (parser === undefined) continue
    if (!parsers.has(parser.name)) parsers.set(parser.name, parser)
    else
      findings.push({
        level: 'warning',
        place: section.place,
        subject: `parser ${parser.name}`,
        message: 'is defined already; the first definition holds',
      })
  }
  return parsers
}

function readParser(section: Section, findings: Finding[]): Parser | undefined {
  const name = textOf(section, 'name')
  const settings = new Settings(section, `parser ${name ?? ''}`.trimEnd(), parserOptions, findings, [])
  if (name === undefined) {
    settings.fail(section.place, 'name', 'a parser needs a name')
    return undefined
  }
  const format = settings.choice('format', ['json', 'regex', 'ltsv', 'logfmt'] as const)
  if (format === undefined) {
    if (!settings.has('format'))
      settings.fail(section.place, 'format', 'is missing', 'json, regex, ltsv or logfmt')
    return undefined
  }
  const pattern = format === 'regex' ? patternOf(settings) : undefined
  if (format === 'regex' && pattern === undefined) return undefined
  const time = timeOf(settings)
  return {
    name,
    format,
    ...(pattern !== undefined && { pattern }),
    ...(time && { time }),
    types: typesOf(settings),
    decoders: decodersOf(settings),
    skipEmptyValues: settings.boolean('skip_empty_values') ?? true,
    noBareKeys: settings.boolean('logfmt_no_bare_keys') ?? false,
  }
}

function patternOf(settings: Settings): string | undefined {
  const text = settings.text('regex')
  if (text === undefined) {
    settings.fail(settings.place, 'regex', 'is missing; format regex needs it')
    return undefined
  }
  const regex = translateRegex(text)
  if ('source' in regex) return regex.source
  settings.fail(settings.placeOf('regex'), 'regex', regex.problem)
  return undefined
}

function timeOf(settings: Settings): Parser['time'] {
  const field = settings.text('time_key') ?? (settings.has('time_format') ? 'time' : undefined)
  if (field === undefined) return undefined
  // Several may be given, of which the last holds.
  const format = settings.text('time_format')
  const zone = zoneOf(settings)
  return {
    field,
    ...(format !== undefined && { format }),
    keep: settings.boolean('time_keep') ?? false,
    ...(zone !== undefined && { zone }),
    strict: settings.boolean('time_strict') ?? true,
  }
}

function zoneOf(settings: Settings): string | undefined {
  if (settings.boolean('time_system_timezone')) return 'local'
  const offset = settings.text('time_offset')
  if (offset === undefined) {
    return settings.text('time_zone')
  }
  const parts = /^([+-])(\d{2}):?(\d{2})$/.exec(offset)
  if (parts) return `${parts[1]}${parts[2]}:${parts[3]}`
  settings.fail(
    settings.placeOf('time_offset'),
    'time_offset',
    `expected an offset such as +0200, got "${offset}"`,
  )
  return undefined
}

const TYPES = ['integer', 'float', 'bool', 'hex', 'string'] as const

function typesOf(settings: Settings): Parser['types'] {
  const types = new Map<string, (typeof TYPES)[number]>()
  for (const { text, place } of settings.written('types')) {
    for (const word of text.split(/[\s,]+/)) {
      const at = word.lastIndexOf(':')
      const type = TYPES.find(each => each === word.slice(at + 1).toLowerCase())
      if (at > 0 && type !== undefined) types.set(word.slice(0, at), type)
      else if (word !== '')
        settings.fail(place, 'types', `expected FIELD:TYPE, got "${word}"`, `types are ${TYPES.join(', ')}`)
    }
  }
  return types
}

const DECODERS = ['json', 'escaped', 'escaped_utf8', 'mysql_quoted'] as const
const ACTIONS = ['try_next', 'do_next'] as const

function decodersOf(settings: Settings): Decoder[] {
  return settings.ordered(['decode_field', 'decode_field_as']).flatMap(({ key, text, place }) => {
    const [name, field, action] = readWords(text)
    const decoder = DECODERS.find(each => each === name?.toLowerCase())
    if (decoder === undefined || field === undefined) {
      settings.fail(
        place,
        key,
        `expected DECODER FIELD, got "${text}"`,
        `decoders are ${DECODERS.join(', ')}`,
      )
      return []
    }
    return [
      {
        as: key === 'decode_field_as',
        decoder,
        field,
        action: ACTIONS.find(each => each === action?.toLowerCase()) ?? ('none' as const),
      },
    ]
  })
}
