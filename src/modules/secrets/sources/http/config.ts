import { authConfig, checkHttpOutput, headersConfig } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import { entryName } from '../../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'

export const httpSourceConfig = s.object(
  {
    name: entryName,
    url: s.url({
      about:
        'What is asked for. `{path}` stands for the path of the secret; without it the path is that of a mapping in the answer, such as `app/db`, or `all` for the whole of it.',
      example: 'https://config.internal/secrets/{path}',
    }),
    headers: headersConfig,
    auth: authConfig,
    tls: tlsConfig,
    format: s.choice(['json', 'yaml', 'env', 'text'], {
      about: 'What the answer is; as its content-type says unless given. Text has one entry named `value`.',
      optional: true,
    }),
    pointer: s.string({
      about: 'Where in the answer the secret is (JSON Pointer, RFC 6901).',
      optional: true,
      pattern: /^(\/([^~/]|~[01])*)+$/,
      expected: 'a JSON Pointer such as /data/values',
      example: '/data',
    }),
    interval: s.duration({
      about:
        'How often it is asked for; as long as the answer says that it is fresh (Cache-Control, Expires), else `secrets.interval`, unless given.',
      optional: true,
      min: '1s',
    }),
    timeout: s.duration({ about: 'How long an answer may take.', default: '10s', min: '100ms' }),
    maxSize: s.size({ about: 'How large an answer may be.', default: '1MiB', min: '1KiB', max: '64MiB' }),
    connections: s.integer({ about: 'How many connections at most.', default: 4, min: 1, max: 64 }),
  },
  {
    about:
      'Anything that gives secrets by HTTP. Redirections are followed on the same server only, so that nobody else gets our credentials.',
  },
)

export type HttpSourceConfig = Infer<typeof httpSourceConfig>

/** Rules between the options. Paths begin at the source’s own key. */
export function checkHttpSource(config: HttpSourceConfig): Problem[] {
  const { url, tls, auth } = config
  const { username, password, hash, host } = new URL(url)
  const problems: Problem[] = checkHttpOutput({ tls, auth, url: url.replace(/[?#].*/s, '') })
  if (username === '' && password === '' && hash !== '')
    problems.push({
      path: ['url'],
      message: 'expected a URL without a fragment',
      hint: 'end it before the #',
    })
  if (/\{|%7b/i.test(host))
    problems.push({
      path: ['url'],
      message: 'the path of a secret cannot choose the server',
      hint: 'write {path} behind the host',
    })
  return problems
}
