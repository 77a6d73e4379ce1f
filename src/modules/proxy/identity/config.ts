import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { parseSpiffeId } from '../../../wire/spiffe/identity.ts'

const files = s.object(
  {
    cert: s.string({
      about: 'The certificate (PEM), its intermediates behind it.',
      example: '/run/tls/tls.crt',
    }),
    key: s.string({ about: 'Its private key (PEM).', example: '/run/tls/tls.key' }),
    ca: s.string({
      about: 'The authorities (PEM) that peers are checked against.',
      example: '/run/tls/ca.crt',
    }),
  },
  {
    about:
      'Files that somebody else renews, such as cert-manager or a SPIFFE helper; they are read again when they change.',
  },
)

const authority = s.object(
  {
    url: s.url({
      about: 'Where `outrigger ca serve` listens.',
      protocols: ['https'],
      example: 'https://ca.mesh.svc:4643',
    }),
    ca: s.string({
      about: 'File with the root certificate (PEM) of the authority.',
      example: '/etc/outrigger/root.pem',
    }),
    tokenFile: s.string({
      about: 'File with the token that says who this sidecar is; read for each request.',
      example: '/var/run/secrets/outrigger/token',
    }),
    id: s.string({
      about: 'The identity to ask for; the token must grant it. Instead of `trustDomain`.',
      optional: true,
      pattern: /^spiffe:\/\//,
      expected: 'a SPIFFE ID such as spiffe://example.org/ns/shop/sa/cart',
      example: 'spiffe://example.org/ns/shop/sa/cart',
    }),
    trustDomain: s.string({
      about:
        'Where the token is that of a Kubernetes service account: the trust domain, in which the identity is /ns/NAMESPACE/sa/ACCOUNT as the token says. Instead of `id`.',
      optional: true,
      pattern: /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/,
      expected: 'a domain in lower case',
      example: 'cluster.local',
    }),
    dnsNames: s.list(s.string({ about: 'A host name.' }), {
      about: 'Host names that the certificate is to hold besides; the token must grant them.',
      default: [],
      example: ['cart.shop.svc'],
    }),
  },
  {
    about:
      'An authority that signs certificates of short life. The key never leaves the memory of the sidecar; the certificate is renewed at 50 to 70 % of its life. While the authority is away the last one serves until it expires.',
  },
)

/** Who the sidecar is to its peers. */
export const identityConfig = s.oneOf(
  { files, authority },
  {
    about:
      'Who this sidecar is: the certificate that it shows to other sidecars, and the authorities that it knows them by.',
    optional: true,
  },
)

export type IdentityConfig = NonNullable<Infer<typeof identityConfig>>

/** Rules between the options. Paths begin at `identity`. */
export function checkIdentity(identity: IdentityConfig): Problem[] {
  if (identity.kind !== 'authority') return []
  const { id, trustDomain } = identity.config
  if ((id === undefined) === (trustDomain === undefined))
    return [
      {
        path: ['authority'],
        message: `expected \`id\` or \`trustDomain\`, got ${id === undefined ? 'none' : 'both'}`,
        hint: 'give id, or in Kubernetes trustDomain',
      },
    ]
  if (id === undefined) return []
  const parsed = parseSpiffeId(id)
  if (parsed !== undefined && parsed.path !== '') return []
  const path = ['authority', 'id']
  return [
    {
      path,
      message: `${id} is no SPIFFE ID of a workload`,
      hint: 'write spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT',
    },
  ]
}
