import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

export const faultConfig = s.object(
  {
    name: s.string({ about: 'Stands in the log and in metrics.', example: 'slow-checkout' }),
    percent: s.number({
      about: 'How many of the requests that match get it.',
      default: 100,
      min: 0,
      max: 100,
    }),
    routes: s.list(s.string({ about: 'The name of a route; `*` stands for any text.' }), {
      about: 'Only requests of these routes.',
      optional: true,
      minItems: 1,
    }),
    methods: s.list(s.string({ about: 'A method, in capitals.' }), {
      about: 'Only these methods.',
      optional: true,
      minItems: 1,
    }),
    paths: s.list(
      s.string({
        about:
          'A path; `*` stands for text within a segment, `**` for any, a star at the end for all that follows.',
      }),
      { about: 'Only these paths.', optional: true, minItems: 1, example: ['/cart/*'] },
    ),
    headers: s.map(s.string({ about: 'The value; `*` stands for any text.' }), {
      about: 'Only requests with these headers.',
      default: {},
      example: { 'x-chaos': '*' },
    }),
    delay: s.duration({
      about: 'Wait before anything else is done.',
      default: '0s',
      max: '1h',
    }),
    abort: s.integer({
      about: 'Answer with this status instead of asking the backend.',
      optional: true,
      min: 200,
      max: 599,
    }),
    reset: s.boolean({ about: 'Break the connection instead of answering.', default: false }),
    slowBody: s.size({
      about: 'Send the body of the answer with so many bytes a second; 0 as fast as it comes.',
      default: '0B',
      max: '1GiB',
    }),
  },
  { about: 'Something that goes wrong on purpose, to see how callers take it.' },
)

export const faultsConfig = s.list(faultConfig, {
  about: 'Faults on purpose. A request gets the first one that it matches and that the dice choose.',
  default: [],
})

export type FaultConfig = Infer<typeof faultConfig>

/** What the schema cannot say. `path` leads to the list. */
export function checkFaults(faults: readonly FaultConfig[], path: readonly (string | number)[]): Problem[] {
  const names = new Set<string>()
  return faults.flatMap((fault, at) => {
    const { name, delayMs, abort, reset, slowBodyBytes } = fault
    const problems: Problem[] = []
    const say = (option: string, message: string, hint: string) =>
      problems.push({ path: [...path, at, option], message, hint })
    if (names.has(name))
      say('name', `two faults are called "${name}"`, 'metrics would mix them: give one another name')
    names.add(name)
    if (abort !== undefined && reset) say('reset', '"abort" answers, "reset" does not', 'remove one of them')
    if (slowBodyBytes > 0 && (abort !== undefined || reset))
      say('slowBody', 'there is no body to be slow with "abort" or "reset"', 'remove it')
    if (delayMs === 0 && abort === undefined && !reset && slowBodyBytes === 0)
      problems.push({
        path: [...path, at],
        message: `the fault "${name}" does nothing`,
        hint: 'add delay, abort, reset or slowBody',
      })
    return problems
  })
}
