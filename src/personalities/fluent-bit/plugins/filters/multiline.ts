import { ruleOf } from '../../parsers/multiline.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'
import { milliseconds } from '../units.ts'

const AT_INPUTS = 'lines are joined by the inputs themselves'

/** Joins records; the inputs whose tags it matches do that, before any other filter. */
export const multiline: FilterPlugin = {
  about: 'Joins records of several lines',
  options: {
    'multiline.parser': option.list(),
    'multiline.key_content': option.text('log'),
    mode: option.text('parser'),
    buffer: option.needless(AT_INPUTS, 'on'),
    flush_ms: option.integer('2000'),
    emitter_name: option.needless(AT_INPUTS),
    'emitter_storage.type': option.needless(AT_INPUTS, 'memory'),
    emitter_mem_buf_limit: option.needless(AT_INPUTS, '10M'),
    debug_flush: option.needless(AT_INPUTS, 'false'),
    use_partial_metadata: option.needless(AT_INPUTS),
  },
  translate(settings, around) {
    const partial = settings.choice('mode', ['parser', 'partial_message'] as const) === 'partial_message'
    const names = settings.list('multiline.parser')
    if (!partial && names.length === 0) {
      settings.fail(settings.place, 'multiline.parser', 'is missing')
      return undefined
    }
    const rules = partial ? [{ builtin: 'docker' }] : names.map(name => ruleOf(settings, name, around))
    if (rules.includes(undefined)) return undefined
    const flushMs = settings.integer('flush_ms') ?? 2000
    return [
      {
        [MULTILINE_MARK]: {
          rules: rules as never,
          field: settings.text('multiline.key_content') ?? 'log',
          flushAfter: milliseconds(Math.max(10, flushMs)),
        },
      },
    ]
  },
}

/** What stands for it until it goes to the inputs. */
export const MULTILINE_MARK = 'multiline'
