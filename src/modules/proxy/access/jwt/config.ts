import { type Infer, s } from '../../../../kernel/config/schema.ts'

/**
 * Only algorithms with a key pair: with a shared secret whoever checks tokens can make them, and a public key that is
 * taken for a secret lets anybody do so.
 */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const

export const issuerConfig = s.object(
  {
    issuer: s.string({ about: 'The `iss` of its tokens, exactly.', example: 'https://login.example/' }),
    keys: s.oneOf(
      {
        url: s.url({
          about: 'Where the issuer publishes its keys (JWKS).',
          example: 'https://login.example/jwks',
        }),
        file: s.string({ about: 'A file with the keys (JWKS).', example: '/etc/outrigger/jwks.json' }),
      },
      { about: 'The public keys.' },
    ),
    ca: s.string({
      about: 'PEM file of the authorities to trust for `keys.url`, instead of the public ones.',
      optional: true,
      example: '/etc/ssl/our-ca.pem',
    }),
    audiences: s.list(s.string({ about: 'An audience.' }), {
      about: 'The token’s `aud` must have one of these. Without it any will do.',
      optional: true,
      minItems: 1,
      example: ['shop'],
    }),
    algorithms: s.list(s.choice(ALGORITHMS, { about: 'An algorithm.' }), {
      about:
        'The algorithms that tokens may be signed with. Unsigned tokens and shared secrets are never taken.',
      default: ['RS256', 'ES256'],
      minItems: 1,
    }),
    leeway: s.duration({
      about: 'How far clocks may differ when `exp` and `nbf` are looked at.',
      default: '60s',
      max: '10m',
    }),
    refresh: s.duration({
      about: 'How old keys become before they are read again. Until that succeeds the old ones stay.',
      default: '5m',
      min: '10s',
    }),
    cooldown: s.duration({
      about: 'Between two readings at least: tokens with unknown keys, and failures, cause no more.',
      default: '30s',
      min: '1s',
    }),
    headers: s.map(s.string({ about: 'A claim; dots lead into objects.' }), {
      about:
        'Headers for the application, each with the claim that it is to carry; the values of a list are joined by commas.',
      default: {},
      example: { 'x-user': 'sub' },
    }),
  },
  { about: 'One issuer of tokens.' },
)

export const jwtConfig = s.object(
  {
    from: s.list(
      s.oneOf(
        {
          header: s.string({
            about: 'A header. In Authorization the token follows `Bearer`, else it is the whole value.',
            example: 'Authorization',
          }),
          cookie: s.string({ about: 'A cookie.', example: 'token' }),
          query: s.string({ about: 'A parameter of the query.', example: 'access_token' }),
        },
        { about: 'A place.' },
      ),
      {
        about: 'Where a token is looked for, in this order.',
        default: [{ header: 'Authorization' }],
        minItems: 1,
      },
    ),
    issuers: s.list(issuerConfig, { about: 'Whose tokens are taken.', minItems: 1 }),
    forward: s.boolean({
      about: 'Whether the application gets the token too; else it is removed once it is verified.',
      default: false,
    }),
    maxToken: s.size({
      about: 'Longer tokens are refused unread.',
      default: '16KiB',
      min: '256B',
      max: '64KiB',
    }),
    maxCached: s.integer({
      about:
        'How many verified tokens are remembered, by their hash, so that only the first request pays for the check.',
      default: 10_000,
      min: 1,
      max: 1_000_000,
    }),
  },
  {
    about:
      'JSON Web Tokens. A request with a token that is not valid is refused with 401; one without a token goes on to the rules, and is refused with 401 where there is no allow rule and no `otherwise`.',
    optional: true,
  },
)

export type JwtConfig = NonNullable<Infer<typeof jwtConfig>>
export type IssuerConfig = Infer<typeof issuerConfig>
