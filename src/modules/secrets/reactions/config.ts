import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

const SIGNALS = ['HUP', 'INT', 'QUIT', 'TERM', 'USR1', 'USR2', 'WINCH', 'CONT'] as const

const signalSchema = s.object(
  {
    name: s.choice(SIGNALS, { about: 'The signal, without SIG.', default: 'HUP' }),
    pidFile: s.string({
      about: 'The process whose number stands in this file, instead of the supervised application.',
      optional: true,
      example: '/run/nginx.pid',
    }),
  },
  { about: 'Sends a signal to the supervised application, or to another process.' },
)

const commandSchema = s.object(
  {
    run: s.list(s.string({ about: 'The program, then its arguments. There is no shell in between.' }), {
      about: 'The command.',
      minItems: 1,
      example: ['nginx', '-s', 'reload'],
    }),
    timeout: s.duration({
      about: 'How long it may take; after that it is killed.',
      default: '30s',
      min: '100ms',
    }),
    output: s.choice(['onFailure', 'inherit'], {
      about:
        'What becomes of what it writes: when it fails, the end is told in the log, or all of it goes to the sidecar’s own standard output and standard error.',
      default: 'onFailure',
    }),
  },
  { about: 'Runs a command.' },
)

const httpSchema = s.object(
  {
    url: s.url({ about: 'Where to.', example: 'http://127.0.0.1:8080/-/reload' }),
    method: s.choice(['POST', 'PUT', 'GET'], { about: 'The method.', default: 'POST' }),
    headers: s.map(s.secret({ about: 'The value of the header.' }), { about: 'Header fields.', default: {} }),
    timeout: s.duration({ about: 'How long an answer may take.', default: '10s', min: '100ms' }),
  },
  {
    about:
      'Makes an HTTP request; any answer of 200 to 299 is success. The body names what changed, never a value.',
  },
)

const restartSchema = s.object(
  {
    signal: s.choice(SIGNALS, { about: 'What asks the application to end.', default: 'TERM' }),
    grace: s.duration({ about: 'How long it may take to end; after that it is killed.', default: '30s' }),
  },
  { about: 'Ends the supervised application and starts it again.' },
)

export const reactionSchema = s.oneOf(
  { signal: signalSchema, command: commandSchema, http: httpSchema, restart: restartSchema },
  { about: 'One thing to do.' },
)

export type ReactionConfig = Infer<typeof reactionSchema>

/** Options of everything that can change. */
export const reactionFields = {
  onChange: s.list(reactionSchema, {
    about:
      'What to do when what was delivered has changed, in this order. Equal reactions of several deliveries that change together happen once.',
    default: [],
  }),
  pace: s.object(
    {
      debounce: s.duration({
        about:
          'How long nothing more may change before the reactions happen. Changes that do not pause hold them back for four times as long.',
        default: '500ms',
      }),
      splay: s.duration({
        about: 'A random wait up to this on top, so that many sidecars do not react in the same moment.',
        default: '0s',
      }),
      interval: s.duration({
        about: 'At most one round of reactions in this time; later changes wait for its end.',
        default: '10s',
      }),
    },
    { about: 'How often reactions may happen.', default: {} },
  ),
}

export interface PaceConfig {
  readonly debounceMs: number
  readonly splayMs: number
  readonly intervalMs: number
}

/** A file of a process that is not named cannot be asked for what is not there. */
export function checkReactions(reactions: readonly ReactionConfig[]): Problem[] {
  return reactions.flatMap((reaction, index) => {
    const twin = reactions.findIndex(other => JSON.stringify(other) === JSON.stringify(reaction))
    if (twin === index) return []
    return [
      {
        path: ['onChange', index],
        message: `is the same as onChange[${twin}]`,
        hint: 'a reaction happens once; remove one of them',
      },
    ]
  })
}
