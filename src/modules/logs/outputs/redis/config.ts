import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const redisConfig = s.object(
  {
    url: s.url({
      about: 'The server’s address, with the number of the database behind it. `rediss` means TLS.',
      protocols: ['redis', 'rediss'],
      example: 'redis://redis:6379/0',
    }),
    as: s.choice(['stream', 'list', 'channel'], {
      about:
        'Where records go. stream: XADD. list: RPUSH. channel: PUBLISH, of which nothing stays, so that who does not listen at the time never sees them.',
      default: 'stream',
    }),
    key: s.string({
      about: `The name of the stream, list or channel. ${TEMPLATE_NOTATION}.`,
      default: 'logs',
      example: 'logs:{$tag}',
    }),
    entry: s.choice(['json', 'fields'], {
      about:
        'What an entry of a stream holds: the record as JSON in one field, or each of the record’s fields as a field, texts as they are, other values as JSON.',
      default: 'json',
    }),
    field: s.string({
      about: 'The entry’s field that holds the record, with `entry: json`.',
      default: 'record',
    }),
    maxLength: s.integer({
      about:
        'About how many entries a stream keeps (MAXLEN ~): older ones are removed. Without it and `maxAge` streams grow until Redis has no memory left.',
      optional: true,
      min: 1,
      example: 1_000_000,
    }),
    maxAge: s.duration({
      about: 'About how long a stream keeps entries (MINID ~), by the time at which they were added.',
      optional: true,
      min: '1s',
      example: '24h',
    }),
    exactlyOnce: s.boolean({
      about:
        'Also remember in Redis, in the same transaction (MULTI), how far records have come: none arrives twice, whatever breaks. Takes the right to MULTI, GET and SET, and a key `outrigger:<id of the spool>:<key>`.',
      default: false,
    }),
    auth: s.object(
      {
        username: s.string({
          about: 'The user of the server’s access list; without it `default`.',
          optional: true,
        }),
        password: s.secret({ about: 'The password.', example: `\${REDIS_PASSWORD}` }),
      },
      { about: 'How the output proves who it is.', optional: true },
    ),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long an answer may take. Then the connection is made anew.',
      default: '10s',
      min: '100ms',
    }),
    maxRecords: s.integer({ about: 'The most records in one send.', default: 1000, min: 1, max: 5000 }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a send.',
      default: '500ms',
      min: '10ms',
    }),
    ...routingFields,
  },
  { about: 'Sends records to Redis or Valkey: to streams, lists or channels, in order.' },
)

export type RedisConfig = OwnOptions<Infer<typeof redisConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkRedis(config: RedisConfig): Problem[] {
  const { url, as, key, entry, maxLength, maxAgeMs, exactlyOnce } = config
  const problems = [...checkUrl(url), ...checkTls(config), ...checkTemplate(key, ['key'], { complete: true })]
  if (config.tls && url.startsWith('redis:')) {
    const hint = 'write the URL with rediss'
    problems.push({ path: ['tls'], message: '`tls` has no effect on a redis URL', hint })
  }
  if (!/^\/?\d{0,5}$/.test(new URL(url).pathname)) {
    const hint = 'write redis://host:6379/0'
    problems.push({ path: ['url'], message: 'expected the number of a database behind the host', hint })
  }
  if (key === '') problems.push({ path: ['key'], message: 'expected a name' })
  const ofStreams = { maxLength, maxAge: maxAgeMs, entry: entry === 'json' ? undefined : entry }
  for (const [option, value] of Object.entries(ofStreams))
    if (as !== 'stream' && value !== undefined)
      problems.push({
        path: [option],
        message: `has no effect on a ${as}`,
        hint: 'remove it, or write `as: stream`',
      })
  if (maxLength !== undefined && maxAgeMs !== undefined) {
    const message = 'expected `maxLength` or `maxAge`: Redis trims by one of them'
    problems.push({ path: ['maxAge'], message, hint: 'remove one of them' })
  }
  if (exactlyOnce && as === 'channel') {
    const message = 'a channel keeps nothing that could be counted'
    problems.push({ path: ['exactlyOnce'], message, hint: 'remove it' })
  }
  return problems
}
