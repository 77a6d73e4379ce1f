import type { Problem } from '../../kernel/config/problem.ts'
import { type Infer, s } from '../../kernel/config/schema.ts'
import type { TlsConfig } from './tls-files.ts'

/** How we prove who we are to an HTTP peer. */
export const authConfig = s.object(
  {
    username: s.string({
      about: 'User name for basic authentication. Needs `password`.',
      optional: true,
      example: 'outrigger',
    }),
    password: s.secret({
      about: 'Password of `username`.',
      optional: true,
      example: `\${LOGS_PASSWORD}`,
    }),
    bearer: s.secret({
      about: 'Token that is sent as `Authorization: Bearer …`.',
      optional: true,
      example: `\${LOGS_TOKEN}`,
    }),
    bearerFile: s.string({
      about: 'File with such a token, read again when it has changed.',
      optional: true,
      example: '/var/run/secrets/tokens/logs',
    }),
  },
  { about: 'How the output proves who it is: a user name with its password, or a token.', optional: true },
)

export type AuthConfig = Infer<typeof authConfig>

/** Further headers with a fixed value. */
export const headersConfig = s.map(s.secret({ about: 'The value of the header.' }), {
  about: 'Further headers of each request.',
  default: {},
  example: { 'x-scope': 'team-a' },
})

/** Rules that hold for every peer with a URL, TLS and authentication. Paths begin at the option’s own key. */
export function checkHttpOutput(config: {
  readonly url?: string | undefined
  readonly tls?: TlsConfig | undefined
  readonly auth?: AuthConfig | undefined
}): Problem[] {
  return [...checkUrl(config.url), ...checkTls(config), ...checkAuth(config.auth)]
}

export function checkUrl(text: string | undefined): Problem[] {
  if (text === undefined) return []
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    const hint = 'put them into the options for user name and password'
    return [{ path: ['url'], message: 'expected a URL without credentials', hint }]
  }
  if (url.search !== '' || url.hash !== '') {
    const hint = 'end it before the `?` or `#`'
    return [{ path: ['url'], message: 'expected a URL without a query', hint }]
  }
  return []
}

export function checkTls({
  url,
  tls,
}: {
  readonly url?: string | undefined
  readonly tls?: TlsConfig | undefined
}): Problem[] {
  if (!tls) return []
  const problems: Problem[] = []
  if (url?.startsWith('http:')) {
    const hint = 'write the URL with https'
    problems.push({ path: ['tls'], message: '`tls` has no effect on an http URL', hint })
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? 'cert' : 'key'
    problems.push({ path: ['tls'], message: '`cert` and `key` belong together', hint: `add \`${missing}\`` })
  }
  return problems
}

function checkAuth(auth: AuthConfig | undefined): Problem[] {
  if (!auth) return []
  const { username, password, bearer, bearerFile } = auth
  const ways = [
    ...(username !== undefined || password ? ['username'] : []),
    ...(bearer ? ['bearer'] : []),
    ...(bearerFile !== undefined ? ['bearerFile'] : []),
  ]
  if (ways.length === 0) {
    return [
      {
        path: ['auth'],
        message: 'expected a way to authenticate',
        hint: 'add `username` and `password`, `bearer` or `bearerFile`',
      },
    ]
  }
  if (ways.length > 1) {
    const message = `expected one way to authenticate, got ${ways.join(' and ')}`
    return [{ path: ['auth'], message, hint: 'keep one of them' }]
  }
  if ((username === undefined) === (password === undefined)) return []
  const [missing, given] = username === undefined ? ['username', 'password'] : ['password', 'username']
  return [
    { path: ['auth', given], message: `\`${missing}\` is missing beside it`, hint: `add \`${missing}\`` },
  ]
}
