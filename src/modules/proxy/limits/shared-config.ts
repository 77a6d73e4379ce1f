import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'

export const sharedLimitsConfig = s.object(
  {
    url: s.secret({
      about:
        'Where Redis is: redis://user:password@host:6379/0, or rediss:// for TLS. Redis 5 or later; the scripts use EVAL, GET, SET and TIME.',
      example: `\${REDIS_URL}`,
    }),
    ca: s.string({
      about: 'File with the certificates (PEM) that the server’s certificate must lead to, for rediss://.',
      optional: true,
      example: '/etc/ssl/our-ca.pem',
    }),
    prefix: s.string({
      about: 'What the keys in Redis begin with: sidecars with the same prefix share their limits.',
      default: 'outrigger',
      pattern: /^[\x21-\x7a]{1,64}$/,
      expected: 'up to 64 characters without spaces and braces',
    }),
    timeout: s.duration({
      about: 'How long a request waits for Redis at most.',
      default: '50ms',
      min: '1ms',
      max: '10s',
    }),
    whenAway: s.choice(['local', 'pass', 'refuse'], {
      about:
        'What becomes of requests while Redis does not answer. local: this sidecar counts alone, with the same rates. pass: they are not limited. refuse: 503 limits_unavailable.',
      default: 'local',
    }),
  },
  {
    about: 'The Redis in which limits with `shared: true` are counted, by all sidecars together.',
    optional: true,
  },
)

export type SharedLimitsConfig = NonNullable<Infer<typeof sharedLimitsConfig>>

/** Whether the text is the URL of a Redis; it may hold a password and is not shown. */
export function redisUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  const fits =
    url !== null &&
    /^rediss?:$/.test(url.protocol) &&
    url.hostname !== '' &&
    /^\/?\d{0,3}$/.test(url.pathname)
  return fits ? url : undefined
}

/** Rules between `sharedLimits` and the limits of listeners. Paths begin at the proxy. */
export function checkShared(
  shared: SharedLimitsConfig | undefined,
  listeners: readonly { readonly limits: readonly { readonly shared: boolean }[] }[],
): Problem[] {
  if (shared !== undefined && redisUrl(shared.url.reveal()) === undefined)
    return [
      {
        path: ['sharedLimits', 'url'],
        message: 'is not the URL of a Redis',
        hint: 'write redis://host:6379, with rediss: for TLS',
      },
    ]
  if (shared !== undefined) return []
  return listeners.flatMap(({ limits }, listener) =>
    limits.flatMap((limit, at) =>
      limit.shared
        ? [
            {
              path: ['listeners', listener, 'limits', at, 'shared'],
              message: 'there is no Redis to count in',
              hint: 'add proxy.sharedLimits with its url',
            },
          ]
        : [],
    ),
  )
}
