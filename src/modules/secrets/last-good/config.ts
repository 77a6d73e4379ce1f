import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

export const lastGoodConfig = s.object(
  {
    keyFile: s.string({
      about:
        'The file with the key that they are sealed under, which nobody else may read; `outrigger secrets init` makes such keys.',
      optional: true,
      pattern: /./,
      expected: 'the path of a file',
      example: '/etc/outrigger/last-good.key',
    }),
    keyVariable: s.string({
      about: 'Instead: the environment variable that holds the key.',
      optional: true,
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: 'the name of an environment variable',
      example: 'OUTRIGGER_LAST_GOOD_KEY',
    }),
  },
  {
    about:
      'Keep the last good values in an encrypted file in `dataDir`. The next process goes on with their leases instead of asking for new ones; with `startDegraded` it delivers them while a source is away.',
    optional: true,
  },
)

export type LastGoodConfig = Infer<typeof lastGoodConfig>

export function checkLastGood({ keyFile, keyVariable }: LastGoodConfig): Problem[] {
  if ((keyFile === undefined) !== (keyVariable === undefined)) return []
  return [
    {
      path: ['lastGood'],
      message: `expected one of keyFile and keyVariable, got ${keyFile === undefined ? 'none' : 'both'}`,
      hint: 'the values are worth as much as the key: keep it where the sidecar alone can read it',
    },
  ]
}
