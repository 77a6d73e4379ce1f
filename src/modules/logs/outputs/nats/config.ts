import { checkTls, checkUrl } from '../../../../backends/http/options.ts'
import { tlsConfig } from '../../../../backends/http/tls-config.ts'
import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkTemplate, TEMPLATE_NOTATION } from '../../template/parse.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const natsConfig = s.object(
  {
    servers: s.list(
      s.url({ about: 'A server’s address; `tls` means that it must speak TLS.', protocols: ['nats', 'tls'] }),
      {
        about: 'Servers of one cluster: the first that answers is used, and the others when it goes away.',
        minItems: 1,
        example: ['nats://nats-1:4222', 'nats://nats-2:4222'],
      },
    ),
    subject: s.string({
      about: `The subject of each record. ${TEMPLATE_NOTATION}. What subjects may not have (blanks, * and >) becomes _.`,
      default: 'logs.{$tag}',
    }),
    jetStream: s.boolean({
      about:
        'A record counts as delivered once a stream of JetStream has stored it: one must listen on the subject. With `false` it does once the server has it, and who does not listen at that time never sees it.',
      default: true,
    }),
    stream: s.string({
      about: 'The stream that must be the one that stores records; another one refuses them.',
      optional: true,
      example: 'LOGS',
    }),
    deduplicate: s.boolean({
      about:
        'Give each record an id (`Nats-Msg-Id`), by which JetStream drops what is sent again within the stream’s duplicate window (two minutes unless set).',
      default: true,
    }),
    headers: s.map(s.string({ about: 'The value, a template as in `subject`.' }), {
      about: 'Headers of each message. One that a record has nothing for is left out.',
      default: {},
      example: { tag: '{$tag}' },
    }),
    auth: s.object(
      {
        username: s.string({ about: 'User name. Needs `password`.', optional: true }),
        password: s.secret({ about: 'Password of `username`.', optional: true }),
        token: s.secret({ about: 'A token.', optional: true, example: `\${NATS_TOKEN}` }),
        creds: s.string({
          about: 'File with a user’s JWT and seed, as `nsc` makes it. Read for each connection.',
          optional: true,
          example: '/etc/nats/shipper.creds',
        }),
        nkey: s.string({
          about: 'File with the seed of an NKey of a user (SU…). Read for each connection.',
          optional: true,
          example: '/etc/nats/shipper.nk',
        }),
      },
      { about: 'How the output proves who it is, in one of these ways.', optional: true },
    ),
    tls: tlsConfig,
    timeout: s.duration({
      about: 'How long a connection, and the acknowledgement of a send, may take.',
      default: '10s',
      min: '100ms',
    }),
    maxRecords: s.integer({ about: 'The most records in one send.', default: 1000, min: 1, max: 10_000 }),
    flushInterval: s.duration({
      about: 'How long a record may wait for others to share a send.',
      default: '500ms',
      min: '10ms',
    }),
    ...routingFields,
  },
  {
    about:
      'Publishes records to NATS, stored by JetStream unless told otherwise: one message each, in order.',
  },
)

export type NatsConfig = OwnOptions<Infer<typeof natsConfig>>

/** Rules between the options. Paths begin at the output’s own key. */
export function checkNats(config: NatsConfig): Problem[] {
  const { servers, subject, jetStream, stream, headers, auth } = config
  const problems: Problem[] = [
    ...servers.flatMap((url, at) => checkUrl(url).map(problem => ({ ...problem, path: ['servers', at] }))),
    ...checkTls({ tls: config.tls }),
    ...checkTemplate(subject, ['subject'], { complete: true }),
  ]
  for (const [name, value] of Object.entries(headers)) {
    problems.push(...checkTemplate(value, ['headers', name]))
    if (!/^[!-9;-~]+$/.test(name) || /^nats-/i.test(name)) {
      const message = `"${name}" cannot be a header of ours: letters, digits and -, not beginning with Nats-`
      problems.push({ path: ['headers', name], message })
    }
  }
  if (subject === '') problems.push({ path: ['subject'], message: 'expected a subject' })
  if (stream !== undefined && !jetStream) {
    const hint = 'remove it, or `jetStream: false`'
    problems.push({ path: ['stream'], message: 'has no effect without JetStream', hint })
  }
  return [...problems, ...checkAuth(auth)]
}

function checkAuth(auth: NatsConfig['auth']): Problem[] {
  if (auth === undefined) return []
  const { username, password, token, creds, nkey } = auth
  const ways = Object.entries({ username: username ?? password, token, creds, nkey })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
  if (ways.length !== 1) {
    const message = `expected one way to authenticate, got ${ways.join(' and ') || 'none'}`
    return [{ path: ['auth'], message, hint: '`username` and `password`, `token`, `creds` or `nkey`' }]
  }
  if ((username === undefined) === (password === undefined)) return []
  const missing = username === undefined ? 'username' : 'password'
  return [{ path: ['auth'], message: `\`${missing}\` is missing`, hint: `add \`${missing}\`` }]
}
