import { fieldOf } from '../../conditions.ts'
import { findParser, formatNotation } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** Reads a text that stands in a field. */
export const parser: FilterPlugin = {
  about: 'Parses a field',
  options: {
    key_name: option.text(),
    parser: option.text(undefined, { repeated: true }),
    parser_key: option.lost('a parser that a field of the record names'),
    preserve_parser_key: option.needless('belongs to parser_key'),
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
    const into = settings.text('nest_under')
    return [
      {
        parse: {
          field,
          ...first,
          ...(others.length > 0 && { otherwise: others }),
          ...(into !== undefined && { into }),
          keepField: settings.boolean('preserve_key') ?? false,
          keepOthers: settings.boolean('reserve_data') ?? false,
        },
      },
    ]
  },
}
