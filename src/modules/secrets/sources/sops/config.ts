import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { awsServiceFields, checkAwsSource } from '../aws/config.ts'

const { region: _, ...awsKeyFields } = awsServiceFields

export const sopsSourceConfig = s.object(
  {
    name: entryName,
    path: s.string({
      about: 'The file, as `sops encrypt` writes it.',
      pattern: /./,
      expected: 'the path of a file',
      example: 'secrets.enc.yaml',
    }),
    format: s.choice(['yaml', 'json', 'env'], {
      about: 'What is in it. Default: what its name says, else yaml.',
      optional: true,
    }),
    keyFile: s.string({
      about:
        'The file with the keys of age that may open it. Default: as SOPS has it, SOPS_AGE_KEY, SOPS_AGE_KEY_FILE and ~/.config/sops/age/keys.txt.',
      optional: true,
      pattern: /./,
      expected: 'the path of a file',
      example: '/etc/outrigger/age.key',
    }),
    key: s.secret({
      about: 'Instead: the keys themselves.',
      optional: true,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the notation of the file
      example: '${AGE_KEY}',
    }),
    source: s.string({
      about:
        'The source of the kind vault that opens files for a transit key (`hc_vault`); addresses in files are not followed. Default: the first one.',
      optional: true,
      example: 'vault',
    }),
    aws: s.object(awsKeyFields, {
      about:
        'As whom AWS is asked to open files for a key of KMS; the file says which key, and in which region. Default: as AWS’s own tools.',
      default: {},
    }),
    maxSize: s.size({ about: 'How large the file may be.', default: '4MiB', min: '1KiB', max: '64MiB' }),
  },
  {
    about:
      'A file that is encrypted with SOPS, so that it can lie in a repository: for keys of age, of AWS KMS, of a transit engine, or for several groups of those. It is read again when it changes.',
  },
)

export type SopsSourceConfig = Infer<typeof sopsSourceConfig>

export function checkSopsSource({ keyFile, key, aws }: SopsSourceConfig): Problem[] {
  const problems = checkAwsSource(aws).map(problem => ({ ...problem, path: ['aws', ...problem.path] }))
  if (keyFile === undefined || key === undefined) return problems
  return [...problems, { path: ['key'], message: 'there is keyFile too', hint: 'remove one of them' }]
}
