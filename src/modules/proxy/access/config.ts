import { type Infer, s } from '../../../kernel/config/schema.ts'
import { jwtConfig } from './jwt/config.ts'

/** An address block in the file: the check below is parseCidr's. */
const CIDR = /^[0-9A-Fa-f:.]+(\/(0|[1-9][0-9]{0,2}))?$/

const identities = (about: string) =>
  s.list(
    s.string({
      about: 'A SPIFFE URI; `*` stands for one segment, at the end for all that follows.',
      example: 'spiffe://cluster.local/ns/shop/sa/*',
    }),
    { about, optional: true, minItems: 1 },
  )
const addresses = (about: string) =>
  s.list(
    s.string({
      about: 'A block of addresses, or one address.',
      pattern: CIDR,
      expected: 'an address block such as 10.0.0.0/8',
    }),
    { about, optional: true, minItems: 1 },
  )
const texts = (about: string, item: string, example: string) =>
  s.list(s.string({ about: item, example }), { about, optional: true, minItems: 1 })

const HOST = 'A host; `*` stands for any text: `*.shop.example`.'
const METHOD = 'A method, in capitals.'
const PATH =
  'A path; `*` stands for text within one segment, `**` for any, a star at the end for all that follows.'

const sourceConfig = s.object(
  {
    identities: identities('The identities of verified client certificates.'),
    notIdentities: identities('All but these; also a peer without one.'),
    addresses: addresses('The addresses of peers.'),
    notAddresses: addresses('All but these; also a peer on a Unix socket.'),
  },
  { about: 'A kind of caller: all that is given must hold.' },
)

const port = s.integer({ about: 'A port.', min: 1, max: 65_535 })

const operationConfig = s.object(
  {
    hosts: texts('The hosts that are asked for.', HOST, 'shop.example'),
    notHosts: texts('All but these.', HOST, 'shop.example'),
    serverNames: texts('The names that clients of TLS ask for (SNI).', HOST, 'db.shop.example'),
    notServerNames: texts('All but these; also a client that names none.', HOST, 'db.shop.example'),
    ports: s.list(port, { about: 'The ports that are asked for.', optional: true, minItems: 1 }),
    notPorts: s.list(port, { about: 'All but these.', optional: true, minItems: 1 }),
    methods: texts('The methods.', METHOD, 'GET'),
    notMethods: texts('All but these.', METHOD, 'GET'),
    paths: texts('The normalised paths.', PATH, '/api/*'),
    notPaths: texts('All but these.', PATH, '/api/*'),
  },
  { about: 'A kind of request: all that is given must hold.' },
)

const VALUE = '`*` stands for any text; alone, for any value at all.'

const whenConfig = s.object(
  {
    header: s.string({ about: 'The header that is looked at.', optional: true, example: 'x-tenant' }),
    claim: s.string({
      about:
        'Instead of a header: the claim of the verified token. Dots lead into objects; of a list, one value is enough.',
      optional: true,
      example: 'realm_access.roles',
    }),
    values: texts('One of these.', VALUE, 'admin'),
    notValues: texts('None of these; also when it is absent.', VALUE, 'guest'),
  },
  { about: 'A further condition.' },
)

export const ruleConfig = s.object(
  {
    name: s.string({ about: 'Stands in the log, in metrics and in explanations.', example: 'shop-reads' }),
    action: s.choice(['allow', 'deny', 'audit'], {
      about:
        '`deny` rules are asked first, then `allow` rules; `audit` rules only count what they match and decide nothing.',
    }),
    from: s.list(sourceConfig, { about: 'One of these callers. Without it: any.', default: [] }),
    to: s.list(operationConfig, { about: 'One of these requests. Without it: any.', default: [] }),
    when: s.list(whenConfig, { about: 'And all of these.', default: [] }),
  },
  { about: 'Matches a request of one of the callers, of one of the kinds, for which all conditions hold.' },
)

export const accessConfig = s.object(
  {
    rules: s.list(ruleConfig, {
      about:
        'Who may do what. A matching deny rule refuses; else an allow rule must match. See `otherwise` for what no rule matches.',
      default: [],
    }),
    otherwise: s.choice(['allow', 'deny'], {
      about:
        'What happens to a request that no rule matches. Unless given: deny as soon as any rule allows or denies; where no rule allows but `jwt` names issuers, a request with a valid token passes and one without gets 401; allow where there is neither, or audit rules alone.',
      optional: true,
    }),
    jwt: jwtConfig,
    stripHeaders: s.list(s.string({ about: 'The name of a header.' }), {
      about:
        'Headers that tell the application who calls: removed from every request that comes in, so that no client can set them. Those that claims are written to are removed in any case.',
      default: ['x-forwarded-client-cert', 'l5d-client-id'],
    }),
    policy: s.boolean({
      about:
        'Whether the module `policy` is asked too, after the rules: both must let a request pass. When it cannot be asked nothing passes.',
      default: false,
    }),
  },
  {
    about:
      'Who may do what. Without it everybody may do everything; what is refused gets 403 `denied`, or 401 `unauthenticated` where a token might help.',
    optional: true,
  },
)

export type AccessConfig = Infer<typeof accessConfig>
export type RuleConfig = Infer<typeof ruleConfig>
