import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const luaConfig = s.object(
  {
    file: s.string({
      about:
        'The file with the script. Read when the sidecar starts, and with each reload of the configuration.',
      optional: true,
      example: '/etc/outrigger/filter.lua',
    }),
    source: s.string({ about: 'The script itself, in place of `file`.', optional: true }),
    function: s.string({
      about:
        'The function to call, with tag, time and record. It returns a code, a time and a record: -1 drops the record, 0 leaves it, 1 takes time and record, 2 takes the record.',
      example: 'cb_filter',
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: 'the name of a function',
    }),
    timeAsTable: s.boolean({
      about: 'The time is `{sec=…, nsec=…}`, and not a number of seconds with a fraction.',
      default: false,
    }),
    integerFields: s.list(s.string({ about: 'A field’s name.' }), {
      about: 'Fields that become whole numbers, wherever they stand: Lua has one kind of number only.',
      default: [],
    }),
    arrayFields: s.list(s.string({ about: 'A field’s name.' }), {
      about:
        'Fields that stay arrays when they are empty: an empty table of Lua becomes an object otherwise.',
      default: [],
    }),
    keepNull: s.boolean({
      about: 'A null is the value `flb_null`, and not nil: a field that is null stays there.',
      default: false,
    }),
    maxInstructions: s.integer({
      about: 'How many instructions of Lua it may take for one record: one that takes more is stopped.',
      default: 100_000,
      min: 1000,
      max: 10_000_000,
    }),
    onFailure: s.choice(['keep', 'drop'], {
      about: 'What becomes of a record for which the script fails; it is counted.',
      default: 'keep',
    }),
  },
  {
    about:
      'Runs a script of Lua, as Fluent Bit’s filter of that name does, in a Lua written in JavaScript: for scripts that are there. Other steps do the same many times as fast. Of the machine a script sees os.time, os.date, os.clock and os.getenv.',
  },
)

export type LuaConfig = Infer<typeof luaConfig>

export function checkLua({ file, source }: LuaConfig, path: Problem['path']): Problem[] {
  if ((file === undefined) !== (source === undefined)) return []
  const message = 'expected `file` or `source`'
  return [{ path, message, hint: file === undefined ? 'give one of them' : 'remove one of them' }]
}
