import { fieldOf, quoted } from '../../conditions.ts'
import { findParser, formatNotation } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { FilterPlugin, NotationMap, StepNotation, Surroundings } from '../plugin.ts'
import type { Settings } from '../settings.ts'

/** Reads a text that stands in a field. */
export const parser: FilterPlugin = {
  about: 'Parses a field',
  options: {
    key_name: option.text(),
    parser: option.text(undefined, { repeated: true }),
    parser_key: option.text(),
    preserve_parser_key: option.boolean('true'),
    preserve_key: option.boolean('false'),
    reserve_data: option.boolean('false'),
    unescape_key: option.boolean('false'),
    nest_under: option.text(),
    hash_value_field: option.lost('a field with the parsed values'),
  },
  translate(settings, around) {
    const key = settings.text('key_name')
    if (key === undefined) {
      settings.fail(settings.place, 'key_name', 'is missing')
      return undefined
    }
    const field = fieldOf(settings, 'key_name', key)
    if (settings.has('parser_key')) return field === undefined ? undefined : chosen(settings, field, around)
    const names = settings.written('parser')
    if (names.length === 0)
      settings.fail(settings.place, 'parser', 'is missing', 'name a parser of parsers_file')
    const found = names.map(({ text }) => findParser(settings, 'parser', text, around.parsers))
    const parsers = found.filter(each => each !== undefined)
    if (field === undefined || parsers.length === 0 || parsers.length < found.length) return undefined
    if (settings.boolean('unescape_key'))
      settings.lose(
        settings.placeOf('unescape_key'),
        'unescape_key',
        'is not supported: the text is read as it stands',
      )
    const [first, ...others] = parsers.map(each => formatNotation(each))
    return [
      { parse: { field, ...first, ...(others.length > 0 && { otherwise: others }), ...keptOf(settings) } },
    ]
  },
}

function keptOf(settings: Settings): NotationMap {
  const into = settings.text('nest_under')
  return {
    ...(into !== undefined && { into }),
    keepField: settings.boolean('preserve_key') ?? false,
    keepOthers: settings.boolean('reserve_data') ?? false,
  }
}

/** A field of the record names the parser; records that name none stay as they are. */
function chosen(settings: Settings, field: string, { parsers }: Surroundings): StepNotation[] | undefined {
  const place = settings.placeOf('parser_key')
  const key = settings.text('parser_key') ?? ''
  const selector = key === '' ? undefined : fieldOf(settings, 'parser_key', key)
  if (key === '') settings.fail(place, 'parser_key', 'needs the name of a field')
  else if (selector === field) settings.fail(place, 'parser_key', 'is the field that is to be parsed')
  else if (settings.has('parser')) settings.fail(place, 'parser_key', 'cannot be used with parser')
  else if (selector !== undefined && parsers.size > 0) {
    const names = [...parsers.keys()].map(quoted)
    const formats = Object.fromEntries([...parsers].map(([name, parser]) => [name, formatNotation(parser)]))
    const keepField = settings.boolean('preserve_parser_key') ?? true
    const choice = { field: selector, formats, keepField }
    return [
      {
        only: {
          when: `${selector} in [${names.join(', ')}]`,
          steps: [{ parse: { field, choice, ...keptOf(settings) } }],
        },
      },
    ]
  }
  return undefined
}
