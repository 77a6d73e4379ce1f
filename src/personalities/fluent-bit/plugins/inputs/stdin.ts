import { parserFormat } from '../../parsers/format.ts'
import { option } from '../option.ts'
import type { InputPlugin } from '../plugin.ts'

/** Standard input, to its end; then the process ends. */
export const stdin: InputPlugin = {
  about: 'Reads standard input to its end',
  options: {
    parser: option.text(),
    buffer_size: option.needless('a line may have 1 MiB', '16k'),
  },
  translate(settings, around) {
    const format = settings.has('parser')
      ? parserFormat(settings, 'parser', around, { key: 'log' })
      : JSON_TEXT
    if (format === undefined) return undefined
    const why = 'standard input has come to its end'
    return { kind: 'stdin', ...format, exit: { kind: 'input ended', why, input: around.name } }
  },
}

/** Without a parser what comes is JSON. */
const JSON_TEXT = { options: { framing: 'json', format: 'json' }, steps: [] }
