import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { compilePattern, patternProblem } from '../../../../kernel/pattern.ts'
import { checkField, FIELD_NOTATION as FIELD } from '../../condition/field.ts'
import { checkPatterns, PATTERN_NOTATION } from '../../text-patterns.ts'
import { DETECTORS } from './detectors.ts'

export const redactConfig = s.object(
  {
    fields: s.list(s.string({ about: `A field; ${FIELD}.` }), {
      about:
        'Where to redact. Empty means everywhere in the record; then it has to be said what: by names, a pattern or detectors.',
      default: [],
      example: ['password', 'user.email'],
    }),
    pattern: s.string({
      about:
        'A regular expression (JavaScript): only what it matches in texts and numbers is redacted, at any depth of the fields. Without it their whole values are.',
      optional: true,
      example: '\\b\\d{4}-?\\d{4}-?\\d{4}-?\\d{4}\\b',
    }),
    names: s.list(s.string({ about: `A pattern of names; ${PATTERN_NOTATION}.` }), {
      about: 'Names of fields, at any depth, whose whole values are redacted.',
      default: [],
      example: ['password', '*_token', '/(?:secret|apikey)$/'],
    }),
    detect: s.list(
      s.choice(DETECTORS, {
        about:
          'card: card numbers with a right check digit. email: addresses. jwt: JSON Web Tokens. token: bearer tokens and keys that services mark as theirs. aws_key: access keys of AWS and secrets beside their name. ipv4, ipv6: addresses.',
      }),
      {
        about: 'What is found by itself in texts and numbers, at any depth of the fields.',
        default: [],
        example: ['card', 'email', 'token'],
      },
    ),
    method: s.choice(['mask', 'sha256'], {
      about:
        'mask puts the text of `mask` in place. sha256 puts its hash there, so that equal values stay recognisable as equal.',
      default: 'mask',
    }),
    mask: s.string({ about: 'The text that stands in place of what was there.', default: '[redacted]' }),
    keepLast: s.integer({
      about: 'For method mask: so many of the last characters stay behind the mask.',
      default: 0,
      min: 0,
      max: 8,
    }),
    key: s.secret({
      about:
        'For method sha256: makes it an HMAC with this key, so that nobody can guess values and compare hashes.',
      optional: true,
    }),
  },
  { about: 'Masks or hashes values that must not leave the machine.' },
)

export type RedactConfig = Infer<typeof redactConfig>

export function checkRedact(
  { fields, names, detect, pattern, method, key }: RedactConfig,
  path: Problem['path'],
): Problem[] {
  const problems = fields.flatMap((field, index) => checkField(field, [...path, 'fields', index]))
  problems.push(...checkPatterns(names, [...path, 'names']))
  if (pattern !== undefined) problems.push(...checkPattern(pattern, [...path, 'pattern']))
  else if (fields.length + names.length + detect.length === 0) {
    problems.push({
      path,
      message: 'expected fields, names, a pattern or detectors, got none of them',
      hint: 'fields: [password]',
    })
  }
  if (key !== undefined && method !== 'sha256') {
    problems.push({
      path: [...path, 'key'],
      message: `method ${method} takes no key`,
      hint: 'write method: sha256',
    })
  }
  return problems
}

function checkPattern(source: string, path: Problem['path']): Problem[] {
  const pattern = compilePattern(source)
  if ('reason' in pattern) {
    return [{ path, message: patternProblem(source, pattern.reason), hint: pattern.hint }]
  }
  if (!pattern.regex.test('')) return []
  return [
    {
      path,
      message: `the pattern ${JSON.stringify(source)} matches empty text`,
      hint: 'use + in place of *',
    },
  ]
}
