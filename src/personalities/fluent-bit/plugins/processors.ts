import { fieldNotation } from '../values/accessor.ts'
import { translateRegex } from '../values/regex.ts'
import { type Options, option } from './option.ts'
import type { FilterPlugin } from './plugin.ts'

/** What processors have beside what filters have. */
export const processorOptions: Options = { condition: option.structure() }

const TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  int: 'integer',
  double: 'float',
}

/** Adds, changes and removes single fields. */
const contentModifier: FilterPlugin = {
  about: 'Adds, changes and removes single fields',
  options: {
    context: option.text('auto'),
    action: option.text(),
    key: option.text(),
    value: option.text(),
    pattern: option.text(),
    converted_type: option.text(),
  },
  translate(settings) {
    const context = settings.text('context')?.toLowerCase()
    if (context !== undefined && !['auto', 'attributes', 'body'].includes(context)) {
      settings.lose(
        settings.placeOf('context'),
        'context',
        `${context} is not supported: only fields of the record can be changed`,
      )
      return []
    }
    const actions = ['insert', 'upsert', 'delete', 'rename', 'hash', 'extract', 'convert'] as const
    const action = settings.choice('action', actions)
    const key = settings.text('key')
    if (action === undefined || key === undefined) {
      if (!settings.has('action')) settings.fail(settings.place, 'action', 'is missing', actions.join(', '))
      if (key === undefined) settings.fail(settings.place, 'key', 'is missing')
      return undefined
    }
    const field = fieldNotation([key]) ?? key
    const value = settings.text('value') ?? ''
    switch (action) {
      case 'insert':
      case 'upsert':
        return [{ add: { fields: { [field]: value }, overwrite: action === 'upsert' } }]
      case 'delete':
        return [{ remove: [field] }]
      case 'rename':
        return [{ rename: { fields: { [field]: value } } }]
      case 'hash':
        return [{ redact: { fields: [field], method: 'sha256' } }]
      case 'extract': {
        const regex = translateRegex(settings.text('pattern') ?? '')
        if ('source' in regex)
          return [{ parse: { field, format: 'regex', pattern: regex.source, keepField: true } }]
        settings.fail(settings.placeOf('pattern'), 'pattern', regex.problem)
        return undefined
      }
      case 'convert': {
        const type = TYPES[settings.text('converted_type')?.toLowerCase() ?? '']
        if (type !== undefined) return [{ convert: { fields: { [field]: type } } }]
        settings.fail(
          settings.placeOf('converted_type'),
          'converted_type',
          'expected string, boolean, int or double',
        )
        return undefined
      }
    }
  },
}

/** Keeps a part of the records. */
const sampling: FilterPlugin = {
  about: 'Keeps a part of the records',
  options: {
    type: option.text('probabilistic'),
    'sampling_settings.sampling_percentage': option.number(),
    debug: option.needless('all parts of the sidecar log at one level'),
    conditions: option.lost('conditions of tail sampling'),
  },
  translate(settings) {
    const percentage = settings.number('sampling_settings.sampling_percentage') ?? 100
    return [{ sample: { rate: Math.min(1, Math.max(0, percentage / 100)) } }]
  },
}

/** Plugins that are processors only. */
export const processorPlugins: Readonly<Record<string, FilterPlugin>> = {
  content_modifier: contentModifier,
  sampling,
}
