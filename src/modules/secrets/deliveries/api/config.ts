import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const apiDeliveryConfig = s.object(
  {
    name: entryName,
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
    source: s.string({
      about: 'The source whose secrets it serves, by name; the first one unless given.',
      optional: true,
    }),
    mount: s.string({
      about: 'What the paths of its secrets begin with.',
      default: 'secret',
      pattern: /^(?!(?:sys|auth)(?:\/|$))[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/,
      expected: 'a path such as secret',
    }),
    requireToken: s.boolean({
      about: 'Answer only those that send the token. Without, every process that can connect may ask.',
      default: true,
    }),
    token: s.secret({
      about: 'The token. Unless given, each start makes a new one and writes it to `tokenFile`.',
      optional: true,
    }),
    tokenFile: s.string({
      about: 'Where a token that was made is written, with mode 0600; in the data folder unless given.',
      optional: true,
      pattern: /^\/./,
      expected: 'an absolute path',
      example: '/run/secrets/token',
    }),
    requireHeader: s.boolean({
      about:
        'Answer only requests with `X-Vault-Request: true`, which a program that was tricked into asking an address (SSRF) does not send. Vault’s own clients do.',
      default: false,
    }),
    writable: s.boolean({
      about: 'Take writes too, where the source is a `store`.',
      default: false,
    }),
    hosts: s.list(
      s.string({ about: 'A name without a port.', pattern: /^[^:/\s]+$/, expected: 'a host name' }),
      {
        about:
          'Names that it answers to besides localhost and its address. Others are refused (DNS rebinding).',
        default: [],
      },
    ),
    maxBody: s.size({ about: 'How large a request may be.', default: '1MiB', min: '1KiB', max: '32MiB' }),
  },
  {
    about:
      'An API as Vault’s KV engine of version 2 has it, for the application: clients of Vault read any source with it.',
  },
)

export type ApiDeliveryConfig = Infer<typeof apiDeliveryConfig>

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/

export function checkApiDelivery({ listen, token, tokenFile, requireToken }: ApiDeliveryConfig): Problem[] {
  const problems: Problem[] = []
  if (!('path' in listen) && !LOOPBACK.test(listen.host))
    problems.push({
      path: ['listen'],
      message: `expected an address of this machine, got ${listen.host}`,
      hint: 'secrets are served without TLS: write 127.0.0.1:8200, or the path of a Unix socket',
    })
  if (token !== undefined && tokenFile !== undefined)
    problems.push({
      path: ['tokenFile'],
      message: 'a token that is given is not written to a file',
      hint: 'remove one of token and tokenFile',
    })
  if (!requireToken && (token ?? tokenFile) !== undefined)
    problems.push({
      path: ['requireToken'],
      message: 'no token is required, and one is given',
      hint: 'remove requireToken: false, or the token',
    })
  return problems
}
