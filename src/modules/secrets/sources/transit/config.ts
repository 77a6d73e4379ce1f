import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const transitSourceConfig = s.object(
  {
    name: entryName,
    source: s.string({
      about: 'The source of the kind vault whose server decrypts. Default: the first one.',
      optional: true,
      example: 'vault',
    }),
    mount: s.string({
      about: 'Where the transit engine is mounted.',
      default: 'transit',
      pattern: /^[^/?#\0][^?#\0]*$/,
      expected: 'a path without a slash before it',
    }),
    key: s.string({
      about:
        'The name of the key there. Our token needs "update" on `<mount>/decrypt/<key>`, and nothing else.',
      pattern: /^[^/?#\0]+$/,
      expected: 'a name without slashes',
      example: 'shop',
    }),
    path: s.string({
      about:
        'The file with the encrypted values. It is read again when it changes, and all of it is decrypted by one request.',
      optional: true,
      pattern: /^[^\0]+$/,
      expected: 'the path of a file',
      example: 'secrets.enc.yaml',
    }),
    from: s.string({
      about: 'Instead of a file: another source that holds encrypted values, by its name.',
      optional: true,
      example: 'environment',
    }),
    format: s.choice(['json', 'yaml', 'env', 'text'], {
      about: 'What is in the file; by the end of its name unless given.',
      optional: true,
    }),
    context: s.string({
      about: 'The context of a key with `derived`, as it was given for encrypting: in base64.',
      optional: true,
      pattern: /^[A-Za-z0-9+/]+={0,2}$/,
      expected: 'base64',
    }),
    maxSize: s.size({ about: 'How large the file may be.', default: '1MiB', min: '1KiB', max: '16MiB' }),
  },
  {
    about:
      'Values that the transit engine of Vault or OpenBao has encrypted (`vault:v1:…`), in a file or in another source; the server decrypts them, and no key leaves it. What is not encrypted is given as it is.',
  },
)

export type TransitSourceConfig = Infer<typeof transitSourceConfig>

export function checkTransitSource({ path, from, format }: TransitSourceConfig): Problem[] {
  if ((path === undefined) === (from === undefined))
    return [
      {
        path: [],
        message: `expected path or from, got ${path === undefined ? 'neither' : 'both'}`,
        hint: 'path is a file, from is the name of another source',
      },
    ]
  if (from === undefined || format === undefined) return []
  return [{ path: ['format'], message: 'is that of a file, and there is no path', hint: 'remove it' }]
}
