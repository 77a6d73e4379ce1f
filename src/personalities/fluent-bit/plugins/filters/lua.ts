import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'
import type { Settings } from '../settings.ts'

/** Scripts of Lua. */
export const lua: FilterPlugin = {
  about: 'Runs Lua over records',
  options: {
    script: option.text(),
    code: option.text(),
    call: option.text(),
    type_int_key: option.words(),
    type_array_key: option.words(),
    protected_mode: option.needless('a script that fails is told and counted, and the record stays', 'true'),
    time_as_table: option.boolean('false'),
    enable_flb_null: option.boolean('false'),
  },
  translate(settings) {
    const file = settings.text('script')
    const source = settings.text('code')
    const call = settings.text('call')
    if (call === undefined) {
      settings.fail(settings.place, 'call', 'is missing', 'call cb_filter')
      return undefined
    }
    if ((file === undefined) === (source === undefined)) {
      settings.fail(settings.place, 'script', 'or code, one of them, is needed', 'script filter.lua')
      return undefined
    }
    const integerFields = wordsOf(settings, 'type_int_key')
    const arrayFields = wordsOf(settings, 'type_array_key')
    return [
      {
        lua: {
          ...(file === undefined ? { source: source! } : { file }),
          function: call,
          ...(integerFields.length > 0 && { integerFields }),
          ...(arrayFields.length > 0 && { arrayFields }),
          ...(settings.boolean('time_as_table') && { timeAsTable: true }),
          ...(settings.boolean('enable_flb_null') && { keepNull: true }),
        },
      },
    ]
  },
}

/** Names between blanks, as documented, or commas. */
function wordsOf(settings: Settings, key: string): string[] {
  return settings.written(key).flatMap(({ text }) => text.split(/[\s,]+/).filter(word => word !== ''))
}
