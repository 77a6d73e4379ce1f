import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

/** How a text is made of secrets: options of every file and variable that is delivered. */
export const contentFields = {
  template: s.string({
    about: 'The template itself, in the language of consul-template and Vault Agent.',
    optional: true,
    example: '{{ with secret "database/creds/app" }}{{ .Data.password }}{{ end }}',
  }),
  templateFile: s.string({
    about: 'File with the template. It is read again when the configuration is.',
    optional: true,
    example: '/etc/outrigger/db.conf.tpl',
  }),
  secret: s.string({
    about: 'A secret as it is, without a template: `path`, `path#key` or `source:path#key`.',
    optional: true,
    example: 'database/creds/app#password',
  }),
  format: s.choice(['value', 'json', 'yaml', 'env', 'properties'], {
    about:
      'How `secret` is written. value: the bytes of one entry and nothing else; the others write all entries. Default: value for `path#key`, else json.',
    optional: true,
  }),
  delimiters: s.list(
    s.string({ about: 'What actions begin with, then what they end with.', pattern: /\S/ }),
    {
      about: 'Other delimiters of the template’s actions than {{ and }}.',
      optional: true,
      example: ['<<', '>>'],
    },
  ),
  missingKey: s.choice(['error', 'zero', 'print'], {
    about:
      'What a template makes of a key that a secret does not have. error: nothing is written and the last good one stays; print: `<no value>`, as Vault Agent does unless told otherwise; zero: nothing.',
    default: 'error',
  }),
  functionDenylist: s.list(s.string({ about: 'A name, or a pattern with *.', pattern: /^[\w*]+$/ }), {
    about:
      'Functions that the template may name but not call, such as those that read files, variables of the environment or make text at random.',
    optional: true,
    example: ['file', '*env*', 'sprig_gen*'],
  }),
  sandbox: s.string({
    about: 'Folder that the files lie in which the template may read (`file`); others are refused.',
    optional: true,
    pattern: /^\/./,
    expected: 'an absolute path',
    example: '/etc/outrigger/templates',
  }),
  programs: s.boolean({
    about:
      'Whether the template may start programs (`plugin`), with the rights of the sidecar. They are run anew whenever something else of the text has changed.',
    default: false,
  }),
  maxSize: s.size({ about: 'How large the text may become.', default: '1MiB', min: '1B', max: '64MiB' }),
}

const contentSchema = s.object(contentFields, { about: 'A text made of secrets.' })

export type ContentConfig = Infer<typeof contentSchema>

/** What the schema cannot say of a content. */
export function checkContent(content: ContentConfig): Problem[] {
  const problems: Problem[] = []
  const given = (['template', 'templateFile', 'secret'] as const).filter(key => content[key] !== undefined)
  if (given.length !== 1)
    problems.push({
      path: given.length === 0 ? [] : [given[1]!],
      message: `expected one of template, templateFile and secret, got ${given.length === 0 ? 'none' : given.join(' and ')}`,
      hint: 'say what is to be written: secret: path#key, or a template',
    })
  if (content.delimiters !== undefined && content.delimiters.length !== 2)
    problems.push({
      path: ['delimiters'],
      message: `expected two delimiters, got ${content.delimiters.length}`,
      hint: "such as ['<<', '>>']",
    })
  if (content.secret === undefined && content.format !== undefined)
    problems.push({
      path: ['format'],
      message: 'has no effect without secret',
      hint: 'a template writes its own format',
    })
  if (content.secret !== undefined && content.programs)
    problems.push({ path: ['programs'], message: 'has no effect with secret', hint: 'it is for templates' })
  if (content.secret !== undefined)
    for (const key of ['delimiters', 'functionDenylist', 'sandbox'] as const)
      if (content[key] !== undefined)
        problems.push({ path: [key], message: 'has no effect with secret', hint: 'it is for templates' })
  return problems
}
