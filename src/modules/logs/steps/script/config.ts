import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { laterWord } from './bounded.ts'

export const scriptConfig = s.object(
  {
    source: s.string({
      about:
        'A JavaScript expression. `record`, `tag`, `path`, `input` and `time` (milliseconds since 1970) are there, and the language itself, frozen; nothing of the machine is. false or null drops the record, an object takes its place, everything else leaves `record` as the expression has changed it.',
      minLength: 1,
      example: 'record.level === "debug" ? false : Object.assign(record, { slow: record.took > 500 })',
    }),
    timeout: s.duration({
      about:
        'How long it may run for one record. After a longer run the script rests for as long as ten such times, and records pass as `onFailure` says.',
      default: '100ms',
      min: '10ms',
      max: '1s',
    }),
    onFailure: s.choice(['keep', 'drop'], {
      about: 'What becomes of a record for which the script throws or takes too long; it is counted.',
      default: 'keep',
    }),
  },
  {
    about:
      'Does with a record what no other step does. It costs more than they do: the record is read and written as a whole, numbers get the precision of JavaScript, and a script with loops or functions is watched over, which takes many times longer. For scripts of your own: time and the size of a record are bounded, memory within that time is not.',
  },
)

export type ScriptConfig = Infer<typeof scriptConfig>

export function checkScript({ source }: ScriptConfig, path: Problem['path']): Problem[] {
  const { Script } = process.getBuiltinModule('node:vm')
  try {
    // Only one expression is whole in both kinds of brackets.
    for (const [open, close] of ['()', '[]']) new Script(`'use strict';${open}${source}\n${close}`)
    const later = laterWord(source)
    if (later === undefined) return []
    return [
      {
        path: [...path, 'source'],
        message: `a record does not wait: the expression has ${later} in it`,
        hint: `write what can be done at once; in a text, break the word: "${later.slice(0, 2)}" + "${later.slice(2)}"`,
      },
    ]
  } catch (error) {
    const message = `expected a JavaScript expression: ${(error as Error).message}`
    const hint = 'an expression has a value: write a ? b : c in place of if, and (a, b) in place of a; b'
    return [{ path: [...path, 'source'], message, hint }]
  }
}
