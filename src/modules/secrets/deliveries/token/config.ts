import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkReactions, reactionFields } from '../../reactions/config.ts'
import { checkMode, ownershipFields } from '../file/config.ts'
import { deliveryName } from '../name.ts'

export const tokenDeliveryConfig = s.object(
  {
    name: deliveryName,
    path: s.string({
      about:
        'Where the file is. It holds the token and nothing else, no line end either. It is written beside it and renamed.',
      pattern: /^\/./,
      expected: 'an absolute path',
      example: '/run/secrets/vault-token',
    }),
    source: s.string({
      about: 'The Vault source whose token it is; the first source unless given.',
      optional: true,
      example: 'vault',
    }),
    ...ownershipFields,
    makeFolders: s.boolean({
      about: 'Make the folders that its path leads through, with mode 0755.',
      default: true,
    }),
    wrapTtl: s.duration({
      about:
        'Write a wrapping token instead, as JSON: it can be exchanged for the token once, within this time, and whoever comes second knows that somebody else was first.',
      optional: true,
      min: '1s',
      max: '768h',
      example: '5m',
    }),
    encrypt: s.object(
      {
        publicKeyFile: s.string({
          about:
            'File with the reader’s Curve25519 key: `{"curve25519_public_key": "<base64>"}`. It is read for every token.',
          example: '/etc/app/dh-public.json',
        }),
        deriveKey: s.boolean({
          about:
            'Derive the key from the shared secret and both public keys (HKDF with SHA-256), instead of taking the shared secret itself.',
          default: false,
        }),
        aad: s.string({
          about: 'Additional data that the reader must know to open it (AES-GCM).',
          optional: true,
        }),
      },
      {
        about:
          'Encrypt what is written for one reader: JSON with `curve25519_public_key`, `nonce` and `encrypted_payload`.',
        optional: true,
      },
    ),
    ...reactionFields,
  },
  {
    about:
      'The token of a Vault source, for an application that talks to the server itself. It is written again whenever there is another one.',
  },
)

export type TokenDeliveryConfig = Infer<typeof tokenDeliveryConfig>

export function checkTokenDelivery(config: TokenDeliveryConfig): Problem[] {
  return [...checkReactions(config.onChange), ...checkMode(config)]
}
