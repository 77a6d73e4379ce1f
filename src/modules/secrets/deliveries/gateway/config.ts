import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { deliveryName } from '../name.ts'

export const gatewayDeliveryConfig = s.object(
  {
    name: deliveryName,
    listen: s.address({
      about: 'Where it listens: an address of this machine (loopback), or the path of a Unix socket.',
      default: '127.0.0.1:8200',
    }),
    socketMode: s.string({
      about: 'Who may connect to the Unix socket, as an octal mode.',
      default: '0600',
      pattern: /^0?[0-7]{3}$/,
      expected: 'a file mode such as 0660',
    }),
    token: s.choice(['missing', 'always', 'never'], {
      about:
        'For which requests the sidecar’s own token is taken: those that bring none, all, or none. With its token a request may do whatever the sidecar may.',
      default: 'missing',
    }),
    cache: s.boolean({
      about:
        'Keep answers that hold a lease or a token, and renew them while they live: an application that asks again at each start gets the same credentials. Equal requests that come together are one.',
      default: true,
    }),
    requireHeader: s.boolean({
      about:
        'Answer only requests with `X-Vault-Request: true`, which a program that was tricked into asking an address (SSRF) does not send. Vault’s own clients do.',
      default: true,
    }),
    hosts: s.list(
      s.string({ about: 'A name without a port.', pattern: /^[^:/\s]+$/, expected: 'a host name' }),
      {
        about:
          'Names that it answers to besides localhost and its address. Others are refused (DNS rebinding).',
        default: [],
      },
    ),
  },
  {
    about:
      'Vault’s own API for the application, in front of the first source that is a Vault server: it needs no login and no TLS.',
  },
)

export type GatewayDeliveryConfig = Infer<typeof gatewayDeliveryConfig>

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

export function checkGatewayDelivery({ listen }: GatewayDeliveryConfig): Problem[] {
  if ('path' in listen || LOOPBACK.test(listen.host)) return []
  return [
    {
      path: ['listen'],
      message: `expected an address of this machine, got ${listen.host}`,
      hint: 'whoever can reach it has the sidecar’s token: write 127.0.0.1:8200, or the path of a Unix socket',
    },
  ]
}
