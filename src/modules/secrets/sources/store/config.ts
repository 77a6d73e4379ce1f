import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const storeSourceConfig = s.object(
  {
    name: entryName,
    path: s.string({
      about: 'The encrypted file. `outrigger secrets init` makes one, and `outrigger secrets set` fills it.',
      default: 'secrets.store',
      pattern: /./,
      expected: 'the path of a file',
    }),
    keyFile: s.string({
      about: 'The file with its key, which nobody else may read.',
      optional: true,
      pattern: /./,
      expected: 'the path of a file',
      example: '/etc/outrigger/secrets.key',
    }),
    keyVariable: s.string({
      about: 'Instead: the environment variable that holds its key.',
      optional: true,
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: 'the name of an environment variable',
      example: 'OUTRIGGER_STORE_KEY',
    }),
    passphrase: s.secret({
      about:
        'Instead: a passphrase, which the key is made of by scrypt. Opening takes a tenth of a second and 32 MiB.',
      optional: true,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the notation of the file
      example: '${STORE_PASSPHRASE}',
    }),
    mount: s.string({
      about:
        'What paths may begin with, as those of Vault do: secret/data/app/db, secret/app/db and app/db are the same.',
      default: 'secret',
      pattern: /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/,
      expected: 'a path such as secret',
    }),
    maxSize: s.size({
      about: 'How large the file may become.',
      default: '16MiB',
      min: '4KiB',
      max: '256MiB',
    }),
  },
  {
    about:
      'The embedded store: an encrypted file beside the configuration, with the versions that Vault has.',
  },
)

export type StoreSourceConfig = Infer<typeof storeSourceConfig>

export function checkStoreSource({ keyFile, keyVariable, passphrase }: StoreSourceConfig): Problem[] {
  const given = [keyFile, keyVariable, passphrase].filter(each => each !== undefined)
  if (given.length === 1) return []
  return [
    {
      path: [],
      message: `expected one of keyFile, keyVariable and passphrase, got ${given.length === 0 ? 'none' : given.length}`,
      hint: 'outrigger secrets init makes a store with a key file',
    },
  ]
}
