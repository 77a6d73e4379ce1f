import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const fileSourceConfig = s.object(
  {
    name: entryName,
    path: s.string({
      about: 'The file. It is read again when it changes, however it is written.',
      pattern: /^[^\0]+$/,
      expected: 'the path of a file',
      example: 'secrets.yaml',
    }),
    format: s.choice(['json', 'yaml', 'env', 'text'], {
      about:
        'What is in it; by the end of its name unless given. The path of a secret is that of a mapping in it, such as `app/db`, or `all` for the whole of it. What is no mapping has one entry, named `value`, and so has a file of text.',
      optional: true,
    }),
    maxSize: s.size({
      about: 'How large the file may be.',
      default: '1MiB',
      min: '1KiB',
      max: '64MiB',
    }),
  },
  { about: 'One file with secrets, as an administrator or another program writes it.' },
)

export type FileSourceConfig = Infer<typeof fileSourceConfig>

/** There are no rules between these options. */
export function checkFileSource(_config: FileSourceConfig): Problem[] {
  return []
}
