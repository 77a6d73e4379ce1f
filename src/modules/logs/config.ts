import { checkEntryNames } from '../../kernel/config/entry-names.ts'
import type { Problem } from '../../kernel/config/problem.ts'
import { type Infer, s } from '../../kernel/config/schema.ts'
import { checkInput, inputSchema } from './inputs/kinds.ts'
import { checkOutput, identify, outputSchema, routingOf } from './outputs/kinds.ts'
import { checkSteps, stepsSchema } from './steps/config.ts'
import { checkMetricTwins } from './steps/metric/twins.ts'

export const logsConfig = s.object(
  {
    inputs: s.list(inputSchema, { about: 'Where records come from.', minItems: 1 }),
    steps: stepsSchema,
    outputs: s.list(outputSchema, {
      about:
        'Where every record goes. Each output keeps its own place: one that is away does not hold the others.',
      minItems: 1,
    }),
    memory: s.size({
      about:
        'What the module may hold in memory: half of it for records that were just spooled, the rest shared by the outputs for what is under way. Inputs that are sent to may together hold as much again of what is not spooled yet.',
      default: '16MiB',
      min: '4MiB',
    }),
    spool: s.object(
      {
        max: s.size({
          about: 'What the spool may take on disk. When it is full no more is read, and nothing is dropped.',
          default: '256MiB',
          min: '8MiB',
        }),
        segment: s.size({
          about: 'Size of one spool file; disk space is given back a file at a time.',
          default: '8MiB',
          min: '256KiB',
          max: '256MiB',
        }),
        sync: s.duration({
          about:
            'How often the spool is flushed to the disk itself. After a power cut what was not flushed is read again from its file; a killed process loses nothing in any case.',
          default: '1s',
          min: '10ms',
        }),
      },
      { about: 'The disk buffer that every record passes.', default: {} },
    ),
    retry: s.object(
      {
        base: s.duration({
          about: 'Upper bound of the first wait after a failure.',
          default: '250ms',
          min: '10ms',
        }),
        max: s.duration({ about: 'The waits double up to this.', default: '30s', min: '100ms' }),
      },
      {
        about:
          'How long an output waits between tries; each wait is random up to its bound. It never gives up.',
        default: {},
      },
    ),
    deadLetters: s.object(
      {
        max: s.size({
          about: 'What the dead letters may take on disk; then the oldest half makes room, counted.',
          default: '64MiB',
          min: '1MiB',
        }),
      },
      {
        about:
          'Records that an output will never take are kept with the reason in `dead-letters.jsonl` in the data folder.',
        default: {},
      },
    ),
  },
  { about: 'Reads logs and ships them, each record at least once.' },
)

export type LogsConfig = Infer<typeof logsConfig>

/** What the schema cannot say. */
export function checkLogs(config: LogsConfig): Problem[] {
  return [
    ...config.inputs.flatMap((input, index) => checkInput(input, ['inputs', index, input.kind])),
    ...checkStreams(config),
    ...checkProxyInputs(config),
    ...checkSteps(config.steps, ['steps']),
    ...checkMetricTwins([
      { steps: config.steps, path: ['steps'] },
      ...(['inputs', 'outputs'] as const).flatMap(list =>
        config[list].map(({ kind, config: { steps } }, index) => ({
          steps,
          path: [list, index, kind, 'steps'],
        })),
      ),
    ]),
    ...config.outputs.flatMap((output, index) =>
      checkOutput(output).map(problem => ({
        ...problem,
        path: ['outputs', index, output.kind, ...problem.path],
      })),
    ),
    ...checkTwins(config),
    ...checkEntryNames(config.inputs, 'inputs'),
    ...checkEntryNames(config.outputs, 'outputs'),
  ]
}

/** What the command writes can be read once. */
function checkStreams({ inputs }: LogsConfig): Problem[] {
  const readers = new Map<string, number>()
  return inputs.flatMap((input, index) => {
    if (input.kind !== 'app') return []
    return input.config.streams.flatMap((stream, at) => {
      const reader = readers.get(stream)
      if (reader === undefined) {
        readers.set(stream, index)
        return []
      }
      return [
        {
          path: ['inputs', index, 'app', 'streams', at],
          message: `${stream} is read by inputs[${reader}] already`,
          hint: `name ${stream} once, so that each of its lines is one record`,
        },
      ]
    })
  })
}

/** The access log of the proxy is handed over once. */
function checkProxyInputs({ inputs }: LogsConfig): Problem[] {
  const first = inputs.findIndex(({ kind }) => kind === 'proxy')
  return inputs.flatMap((input, index) =>
    input.kind !== 'proxy' || index === first
      ? []
      : [
          {
            path: ['inputs', index, 'proxy'],
            message: `is inputs[${first}] already`,
            hint: 'remove one of them',
          },
        ],
  )
}

/** Two outputs to the same place would send everything twice, unless each gets other records. */
function checkTwins({ outputs }: LogsConfig): Problem[] {
  const first = new Map<string, number>()
  return outputs.flatMap((output, index) => {
    const identity = `${identify(output)} ${routingOf(output)}`
    const twin = first.get(identity)
    if (twin === undefined) {
      first.set(identity, index)
      return []
    }
    return [
      {
        path: ['outputs', index, output.kind],
        message: `goes to the same place as outputs[${twin}]`,
        hint: 'remove one of them, give them different destinations, or different tags or conditions',
      },
    ]
  })
}
