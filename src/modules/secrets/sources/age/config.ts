import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const ageSourceConfig = s.object(
  {
    name: entryName,
    path: s.string({
      about: 'The file, as `age -r …` or `age -p` writes it, armored or not.',
      pattern: /./,
      expected: 'the path of a file',
      example: 'secrets.yaml.age',
    }),
    format: s.choice(['yaml', 'json', 'env', 'text'], {
      about:
        'What is in it; `text` is one entry named value. Default: what the name says in front of `.age`, else text.',
      optional: true,
    }),
    keyFile: s.string({
      about: 'The file with the keys (AGE-SECRET-KEY-1…) that may open it, as `age-keygen` writes it.',
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
    passphrase: s.secret({
      about:
        'Instead: the passphrase of a file that was made with `age -p`. Opening takes up to a second and 256 MiB.',
      optional: true,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the notation of the file
      example: '${AGE_PASSPHRASE}',
    }),
    maxSize: s.size({ about: 'How large the file may be.', default: '4MiB', min: '1KiB', max: '64MiB' }),
  },
  { about: 'A file that is encrypted with age. It is read again when it changes.' },
)

export type AgeSourceConfig = Infer<typeof ageSourceConfig>

export function checkAgeSource({ keyFile, key, passphrase }: AgeSourceConfig): Problem[] {
  const given = [keyFile, key, passphrase].filter(each => each !== undefined).length
  if (given === 1) return []
  return [
    {
      path: [],
      message: `expected one of keyFile, key and passphrase, got ${given === 0 ? 'none' : given}`,
      hint: 'age-keygen -o FILE makes a key file',
    },
  ]
}
