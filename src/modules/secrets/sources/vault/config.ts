import { checkUrl } from '../../../../backends/http/options.ts'
import { checkProxy, proxyConfig } from '../../../../backends/http/proxy.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import { authMethodSchema, checkAuthMethod } from '../../../../backends/vault/auth/config.ts'
import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const vaultSourceConfig = s.object(
  {
    name: entryName,
    address: s.url({
      about: 'The server. VAULT_ADDR or BAO_ADDR unless given.',
      optional: true,
      example: 'https://vault.internal:8200',
    }),
    namespace: s.string({
      about: 'The namespace of everything that is asked for. VAULT_NAMESPACE unless given.',
      optional: true,
      example: 'team-a',
    }),
    auth: authMethodSchema,
    tls: tlsConfig,
    proxy: proxyConfig,
    timeout: s.duration({ about: 'How long an answer may take.', default: '60s', min: '100ms' }),
    interval: s.duration({
      about: 'How often secrets without a lease (KV) are asked for; `secrets.interval` unless given.',
      optional: true,
      min: '1s',
    }),
    loginBackoff: s.object(
      {
        min: s.duration({ about: 'The first pause after a login that failed.', default: '1s', min: '100ms' }),
        max: s.duration({ about: 'The pauses double up to this.', default: '5m', min: '1s' }),
      },
      { about: 'Pauses between tries to log in; each is up to a quarter less at random.', default: {} },
    ),
    limit: s.object(
      {
        requestsPerSecond: s.number({
          about: 'How many requests a second the server is sent at most.',
          default: 20,
          min: 0.1,
        }),
        burst: s.integer({ about: 'How many at once after a rest.', default: 100, min: 1 }),
        connections: s.integer({ about: 'How many connections at most.', default: 4, min: 1, max: 256 }),
      },
      {
        about: 'What the server is to bear: after an outage, too, secrets come back no faster than this.',
        default: {},
      },
    ),
  },
  { about: 'A Vault or OpenBao server.' },
)

export type VaultSourceConfig = Infer<typeof vaultSourceConfig>

export function checkVaultSource({ address, auth, tls, proxy }: VaultSourceConfig): Problem[] {
  const problems: Problem[] = [
    ...checkUrl(address).map(problem => ({ ...problem, path: ['address'] })),
    ...checkProxy(proxy),
    ...checkAuthMethod(auth).map(problem => ({ ...problem, path: ['auth', auth.kind, ...problem.path] })),
  ]
  if ((tls?.cert === undefined) !== (tls?.key === undefined))
    problems.push({
      path: ['tls'],
      message: 'expected cert and key together',
      hint: 'give both, or neither',
    })
  if (auth.kind === 'cert' && tls?.cert === undefined)
    problems.push({
      path: ['auth', 'cert'],
      message: 'there is no certificate to log in with',
      hint: 'give tls.cert and tls.key',
    })
  return problems
}
