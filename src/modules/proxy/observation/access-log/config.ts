import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { SECRET_HEADERS, SECRET_PARAMETERS } from '../redaction.ts'
import { OPERATORS } from './operators.ts'
import { parseTemplate } from './template.ts'

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
        logs: s.object(
          {},
          { about: 'Hands the lines to the log module of this sidecar, which needs an input `proxy`.' },
        ),
      },
      { about: 'Where the lines go.' },
    ),
    format: s.choice(['json', 'common', 'combined', 'envoy', 'template'], {
      about:
        'How a line looks. json: one JSON object, with what is known of the request, or with `fields`. common, combined: as Apache writes it. envoy: Envoy’s default line. template: as `template` says.',
      default: 'json',
    }),
    template: s.string({
      about: `A line of text, with Envoy’s operators: ${Object.keys(OPERATORS)
        .map(name => `%${name}%`)
        .join(' ')}. Needs \`format: template\`.`,
      optional: true,
      example: '%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %DURATION%ms',
    }),
    fields: s.map(s.string({ about: 'A template; one that is a single operator keeps its type.' }), {
      about: 'The fields of a JSON line, by name, instead of ours; the values are templates.',
      optional: true,
      example: { status: '%RESPONSE_CODE%', path: '%REQ(:PATH)%' },
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
    [...checkPlace(log), ...checkFormat(log)].map(problem => ({
      ...problem,
      path: [...path, index, ...problem.path],
    })),
  )
}

function checkFormat({ format, template, fields = {} }: AccessLogConfig): Problem[] {
  const problems: Problem[] = []
  if ((format === 'template') !== (template !== undefined))
    problems.push(
      template === undefined
        ? { path: ['format'], message: 'template: there is no `template` beside it', hint: 'add one' }
        : {
            path: ['template'],
            message: `is of no effect with format: ${format}`,
            hint: 'write format: template, or leave it out',
          },
    )
  if (format !== 'json' && Object.keys(fields).length > 0)
    problems.push({
      path: ['fields'],
      message: `is of no effect with format: ${format}`,
      hint: 'write format: json, or leave it out',
    })
  const texts = Object.entries(fields).map(([name, text]) => ({ path: ['fields', name], text }))
  if (template !== undefined) texts.unshift({ path: ['template'], text: template })
  for (const { path, text } of texts) {
    const parsed = parseTemplate(text)
    if (!('problem' in parsed)) continue
    const { column, message, hint } = parsed.problem
    problems.push({ path, message: `character ${column}: ${message}`, ...(hint !== undefined && { hint }) })
  }
  return problems
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
