import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { SECRET_HEADERS, SECRET_PARAMETERS } from '../redaction.ts'

const accessLog = s.object(
  {
    to: s.oneOf(
      {
        file: s.object(
          {
            path: s.string({
              about:
                'The file. It may be renamed or removed at any time: what follows goes to a new one of this name.',
              example: '/var/log/outrigger/access.log',
            }),
          },
          { about: 'Appends to a file; its folder is made when it is missing.' },
        ),
        stdout: s.object({}, { about: 'Writes to standard output.' }),
        stderr: s.object({}, { about: 'Writes to standard error.' }),
      },
      { about: 'Where the lines go.' },
    ),
    format: s.choice(['json'], {
      about: 'How a line looks. json: one JSON object, with what is known of the request.',
      default: 'json',
    }),
    sampleRatio: s.number({
      about:
        'Which share of the requests that did not fail is written, chosen by chance. 0 = only failures, 1 = all.',
      min: 0,
      max: 1,
      default: 1,
    }),
    errorsFrom: s.integer({
      about:
        'A request has failed when there was no answer of the backend, or when its status is at least this.',
      min: 400,
      max: 600,
      default: 500,
    }),
    buffer: s.size({
      about:
        'What may wait to be written, when the disk or the reader is slow; lines that do not fit are dropped and counted.',
      default: '1MiB',
      min: '64KiB',
      max: '64MiB',
    }),
    redact: s.object(
      {
        headers: s.list(s.string({ about: 'The name of a field, in any case.' }), {
          about: 'Fields whose values are never written.',
          default: SECRET_HEADERS,
        }),
        parameters: s.list(s.string({ about: 'The name of a parameter, in any case.' }), {
          about: 'Parameters of the query whose values are never written.',
          default: SECRET_PARAMETERS,
        }),
      },
      { about: 'Secrets of requests that stay out of the lines.', default: {} },
    ),
  },
  { about: 'One access log.' },
)

/** A list of access logs. */
export const accessLogs = <const O extends Parameters<typeof s.list>[1]>(options: O) =>
  s.list(accessLog, options)

export type AccessLogConfig = Infer<typeof accessLog>

/** Names the place of the lines: logs with the same one share it. */
export function placeOf({ to }: AccessLogConfig): string {
  return to.kind === 'file' ? `file ${to.config.path}` : to.kind
}

/** What the schema cannot say of these logs; `path` is theirs. */
export function checkAccessLogs(logs: readonly AccessLogConfig[], path: Problem['path']): Problem[] {
  return logs.flatMap((log, index) =>
    checkPlace(log).map(problem => ({ ...problem, path: [...path, index, ...problem.path] })),
  )
}

function checkPlace({ to }: AccessLogConfig): Problem[] {
  if (to.kind !== 'file' || !to.config.path.endsWith('/')) return []
  return [
    {
      path: ['to', 'file', 'path'],
      message: `${to.config.path} is a folder`,
      hint: 'name a file in it',
    },
  ]
}
