import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { Registry } from '../../../kernel/metrics/registry.ts'
import type { Lease } from '../clusters/cluster.ts'
import { hashText } from '../clusters/hash.ts'
import { clusterFamilies } from '../clusters/metrics.ts'
import { createCluster } from '../clusters/running-cluster.ts'
import { sessionKey } from '../clusters/session-key.ts'
import { decodedProxy } from '../proxy-fake.ts'
import { route, to } from '../routed-fake.ts'
import { type Explanation, explainRequest } from './explanation.ts'
import { explanationLines } from './lines.ts'

const end = (...ports: number[]) => ({ endpoints: ports.map(port => ({ address: `127.0.0.1:${port}` })) })
const web = 'spiffe://cluster.local/ns/shop/sa/web'

const config = decodedProxy({
  namespace: 'shop',
  listeners: [
    { name: 'plain', listen: '127.0.0.1:1', upstream: 'cart.shop:80', requestTimeout: '3s' },
    {
      name: 'mesh',
      listen: '127.0.0.1:2',
      routed: {},
      access: {
        rules: [
          { name: 'reads', action: 'allow', to: [{ methods: ['GET'] }] },
          { name: 'web', action: 'allow', from: [{ identities: [web] }] },
        ],
        stripHeaders: ['x-team'],
      },
      limits: [{ name: 'few', rate: '10/s', routes: ['HTTPRoute/*'] }],
      faults: [{ name: 'slow', percent: 5, delay: '1s', paths: ['/cart*'] }],
    },
    {
      name: 'in',
      listen: '127.0.0.1:3',
      inbound: { ports: [{ port: 5432, listenPort: 15432, upstream: 'cart.shop:80' }] },
    },
    { name: 'out', listen: '127.0.0.1:4', outbound: {} },
    { name: 'away', listen: '127.0.0.1:5', forward: { allow: ['public', 'git.test:22'] } },
    { name: 'secure', listen: '127.0.0.1:6', protocol: 'tls', routed: {} },
    {
      name: 'plain-tcp',
      listen: '127.0.0.1:7',
      protocol: 'tcp',
      upstream: 'cart.shop:80',
      access: { rules: [{ name: 'near', action: 'allow', from: [{ addresses: ['10.0.0.0/8'] }] }] },
    },
  ],
  upstreams: {
    'cart.shop:80': { ...end(1), connectTimeout: '1s' },
    'web.shop:80': { ...end(2, 3), balancing: 'maglev', hashOn: { cookie: { name: 'sid' } } },
  },
  routes: [
    route({
      rules: [
        {
          matches: [{ path: { value: '/cart' }, method: 'GET' }],
          retry: { attempts: 2, codes: [503] },
          filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'inside' } }],
          backendRefs: [to('cart', 9), to('web')],
        },
        {
          matches: [{ path: { value: '/team' }, headers: [{ name: 'x-team', value: 'a' }] }],
          backendRefs: [to('web')],
        },
        {
          matches: [{ path: { value: '/web' } }],
          filters: [
            {
              type: 'RequestHeaderModifier',
              requestHeaderModifier: { set: [{ name: 'Authorization', value: 'Bearer hush' }] },
            },
          ],
          backendRefs: [to('web')],
        },
        {
          matches: [{ headers: [{ name: 'cookie', type: 'RegularExpression', value: '.*id=hush' }] }],
          sessionPersistence: { sessionName: 'shop-session' },
          backendRefs: [to('cart', 9), to('web')],
        },
      ],
    }),
    route({
      kind: 'TLSRoute',
      name: 'vault',
      parents: [{ kind: 'Service', name: 'vault' }],
      rules: [{ backendRefs: [to('web')] }],
    }),
  ],
})

async function explained(line: string, more: object = {}): Promise<Explanation> {
  const result = await explainRequest(config, { line, headers: [], ...more }, new FakeClock())
  assert.ok(!('wrong' in result), JSON.stringify(result))
  return result
}

test('an explanation names the rule, why the others do not hold, and all that the request meets', async () => {
  assert.equal(
    explanationLines(await explained('GET http://checkout/cart/1')).join('\n'),
    `GET checkout:80/cart/1 on listener mesh

rule HTTPRoute/shop/checkout/0
  backend   cart.shop:80 (90 %)
  backend   web.shop:80 (10 %)
  filter    rewrite host to inside
  timeouts  request no limit, each try no limit
  retries   2 more tries after no connection, 503, from 25 ms on

in the order in which they are tried:
  HTTPRoute/shop/checkout/0  wins: PathPrefix /cart, method GET
  HTTPRoute/shop/checkout/1  the path is another: PathPrefix /team, header x-team = a
  HTTPRoute/shop/checkout/2  the path is another: PathPrefix /web
  HTTPRoute/shop/checkout/3  a header field is missing or another: PathPrefix /, header cookie = <redacted>

access
  allow rule "reads" matches
  allow rule "web" does not match: not: identity is one of ${web}
  allowed by "reads"

limits
  limit "few" (10/s, burst 10): 10 left

faults on purpose
  fault "slow" with 5 %: wait 1000 ms

upstream cart.shop:80 (90 %)
  endpoint   127.0.0.1:1    100 %
  next       127.0.0.1:1: it is the only one
  choice     peak_ewma
  connects   by auto within 1000 ms

upstream web.shop:80 (10 %)
  endpoint   127.0.0.1:2     50 %
             127.0.0.1:3     50 %
  choice     maglev by the cookie sid
  connects   by auto within 5000 ms
  note       the request has no cookie sid: it may go to any`,
  )
})

const table: [
  what: string,
  line: string,
  more: object,
  by: Explanation['by'],
  denied: boolean,
  said: RegExp,
][] = [
  ['no rule matches', 'GET http://checkout/', {}, 'nothing', false, /^no rule matches: 404/m],
  ['no route is attached', 'GET http://web/', {}, 'implicit', false, /^no route is attached to web:80: /m],
  [
    'nothing is known of the host',
    'GET http://nix/',
    {},
    'nothing',
    false,
    /names no upstream to go to: 404/,
  ],
  ['access is denied', 'POST http://web/', {}, 'implicit', true, /^ {2}denied by default: no allow rule/m],
  ['the identity helps', 'POST http://web/', { identity: web }, 'implicit', false, /^ {2}allowed by "web"$/m],
  [
    'a header is stripped first',
    'GET http://checkout/team',
    { headers: ['x-team: a'] },
    'nothing',
    false,
    /a header field is missing/,
  ],
  [
    'what is not known goes on',
    'GET http://example.com/',
    { listener: 'out' },
    'destination',
    false,
    /to where the application has sent it$/m,
  ],
  [
    'routes hold for captured requests',
    'GET http://checkout/cart/1',
    { listener: 'out' },
    'route',
    false,
    /HTTPRoute/,
  ],
  [
    'the application gets what is for it',
    'GET http://any/',
    { listener: 'in' },
    'application',
    false,
    /to the port of the application that it was meant for$/m,
  ],
  [
    'the listener has one upstream',
    'GET http://whatever/',
    { listener: 'plain' },
    'listener',
    false,
    /^the listener sends everything to one upstream\n {2}backend {3}cart\.shop:80 \(100 %\)\n {2}timeouts {2}request 3000 ms/m,
  ],
  [
    'a port of its own stands in for the destination that the system does not tell',
    'tcp://10.0.0.1:5432',
    { listener: 'in' },
    'application',
    false,
    /^where the system does not tell its original destination, it goes to the upstream cart\.shop:80$/m,
  ],
  [
    'a forward proxy goes to a public name',
    'GET http://example.com/a',
    { listener: 'away' },
    'forward',
    false,
    /its name is not listed: only those of its addresses[\s\S]+the addresses of example\.com in DNS, port 80/,
  ],
  [
    'a tunnel to a listed name may be opened',
    'CONNECT git.test:22',
    {},
    'forward',
    false,
    /^CONNECT git\.test:22 on listener away\n[\s\S]+^ {2}allowed by its name$/m,
  ],
  [
    'https goes through a forward proxy by CONNECT',
    'GET https://1.1.1.1/',
    { listener: 'away' },
    'forward',
    false,
    /^CONNECT 1\.1\.1\.1:443[\s\S]+endpoint {3}1\.1\.1\.1:443 {4}100 %$/m,
  ],
  [
    'a private address may not be reached',
    'CONNECT 10.0.0.7:443',
    {},
    'forward',
    true,
    /^ {2}denied: no rule allows CONNECT to 10\.0\.0\.7:443$/m,
  ],
  [
    'TLS goes by its route',
    'tls://vault',
    {},
    'route',
    false,
    /^TLS vault:443 on listener secure\n\nrule TLSRoute\/shop\/vault\/0\n {2}backend {3}web\.shop:80 \(100 %\)\n\nupstream/,
  ],
  [
    'TLS of an application goes on to where it was sent',
    'GET https://8.8.8.8/dns',
    { listener: 'out' },
    'destination',
    false,
    /the connection goes to where the application has sent it[\s\S]+8\.8\.8\.8:443 {4}100 %/,
  ],
  [
    'a connection meets access rules',
    'tcp://10.1.1.1:9',
    { address: '192.168.0.1' },
    'listener',
    true,
    /^TCP 10\.1\.1\.1:9 on listener plain-tcp\n[\s\S]+rule "near" does not match: not: address is one of 10\.0\.0\.0\/8/,
  ],
]
for (const [what, line, more, by, denied, said] of table)
  test(`it says that ${what}`, async () => {
    const explanation = await explained(line, more)
    assert.equal(explanation.by, by)
    assert.equal(explanation.isDenied, denied)
    assert.match(explanationLines(explanation).join('\n'), said)
  })

test('the very endpoint is named where the request says which', async () => {
  const [web] = (await explained('GET http://web/', { headers: ['cookie: a=1; sid=7'] })).upstreams
  const { endpoint, certain, why } = web!.next!
  assert.deepEqual([certain, why], [true, 'the cookie sid leads there'])
  const name = 'web.shop:80'
  const parts = { clock: new FakeClock(), log: new MemoryLog(), random: Math.random }
  const metrics = new Registry().view('proxy')
  const cluster = createCluster(name, config.upstreams[name]!, {
    ...parts,
    families: clusterFamilies(metrics),
  })
  const lease = cluster.acquire({ hash: hashText('7') }) as Lease
  assert.equal(lease.endpoint.key, endpoint)
  cluster[Symbol.dispose]()
})

test('a session names backend and endpoint', async () => {
  const session = (endpoint: string) =>
    `cookie: shop-session=${sessionKey('web.shop:80')}${sessionKey(endpoint)}; id=hush`
  const asked = (endpoint: string) => explained('GET http://checkout/', { headers: [session(endpoint)] })
  const { rule, upstreams } = await asked('127.0.0.1:3')
  assert.equal(rule!.name, 'HTTPRoute/shop/checkout/3')
  assert.deepEqual(
    upstreams.map(({ name, share }) => [name, share]),
    [
      ['cart.shop:80', 0],
      ['web.shop:80', 1],
    ],
  )
  assert.deepEqual(upstreams[1]!.next, {
    endpoint: '127.0.0.1:3',
    certain: true,
    why: 'the session began there',
  })
  const gone = (await asked('127.0.0.1:9')).upstreams[1]!
  assert.match(gone.notes.join(), /the endpoint of its session may not be used/)
})

test('of very many candidates the near ones are told, and how many more there are', async () => {
  const matches = Array.from({ length: 250 }, (_, at) => ({ path: { value: `/a/${at}` } }))
  const rules = [{ matches, backendRefs: [to('cart')] }, { backendRefs: [to('cart')] }]
  const many = decodedProxy({
    ...{ namespace: 'shop', listeners: [{ listen: '127.0.0.1:1', routed: {} }] },
    ...{ upstreams: { cart: end(1) }, routes: [route({ rules })] },
  })
  const question = { line: 'GET http://checkout/b', headers: [] }
  const explanation = await explainRequest(many, question, new FakeClock())
  assert.ok(!('wrong' in explanation))
  assert.deepEqual([explanation.tried.length, explanation.others], [200, 51])
  assert.equal(explanation.tried.at(-1)!.verdict, 'wins')
  assert.match(explanationLines(explanation).join('\n'), /^ {2}… and 231 more$/m)
})

test('an explanation says nothing that lets one in', async () => {
  const explanation = await explained('GET http://checkout/web', { headers: ['authorization: hush'] })
  const text = explanationLines(explanation).join('\n')
  assert.match(text, /set Authorization: <redacted>/)
  assert.doesNotMatch(text + JSON.stringify(explanation), /hush/)
})

for (const [question, wrong] of [
  [{ line: 'GET cart', headers: [] }, /^expected a request such as/],
  [{ line: 'GET http://a/', headers: ['x'] }, /^expected a header such as/],
  [{ line: 'GET http://a/', headers: [], listener: 'no' }, /there are plain, mesh, in, out, away, secure/],
  [{ line: 'CONNECT a:1', headers: [], listener: 'mesh' }, /^the listener mesh does not take CONNECT$/],
  [{ line: 'CONNECT a', headers: [] }, /^expected a port, as in CONNECT example.com:443/],
  [{ line: 'tcp://db:5432', headers: [], listener: 'out' }, /known by its address alone/],
] as const)
  test(`a question is refused: ${JSON.stringify(question)}`, async () => {
    const result = await explainRequest(config, question, new FakeClock())
    assert.ok('wrong' in result)
    assert.match(result.wrong, wrong)
  })

const services = decodedProxy({
  namespace: 'shop',
  listeners: [{ name: 'out', listen: '127.0.0.1:4', outbound: {} }],
  upstreams: {
    'db:5432': { ...end(1), clusterIPs: ['10.96.0.5', 'fd96::5'] },
    'queue:5432': { ...end(2), clusterIPs: ['10.96.0.6'] },
    'vault:443': { ...end(3), clusterIPs: ['10.96.0.8'] },
    next: end(4),
  },
  routes: ['TCPRoute db', 'TLSRoute vault'].map(text => {
    const [kind = '', name = ''] = text.split(' ')
    return route({
      kind,
      name,
      parents: [{ kind: 'Service', name }],
      ...(kind === 'TLSRoute' && { hostnames: ['vault', 'vault.shop'] }),
      rules: [{ backendRefs: [{ kind: 'Cluster', name: 'next' }] }],
    })
  }),
})

const addressed: [line: string, by: Explanation['by'], said: RegExp][] = [
  [
    'tcp://10.96.0.5:5432',
    'route',
    /^the address is that of the Service db.shop\nrule TCPRoute\/shop\/db\/0$/m,
  ],
  ['tcp://[fd96:0::5]:5432', 'route', /^rule TCPRoute\/shop\/db\/0$/m],
  ['GET http://10.96.0.5:5432/', 'route', /^rule TCPRoute\/shop\/db\/0$/m],
  ['GET http://db:5432/', 'route', /^rule TCPRoute\/shop\/db\/0$/m],
  [
    'tcp://10.96.0.6:5432',
    'implicit',
    /the Service queue.shop: the connection goes to the upstream that it names$/m,
  ],
  ['tcp://10.96.0.7:5432', 'destination', /to where the application has sent it$/m],
  ['tls://vault.shop', 'route', /^rule TLSRoute\/shop\/vault\/0$/m],
  ['tls://vault.shop.svc', 'nothing', /^no rule matches: the connection is closed, route_not_found$/m],
  ['tls://10.96.0.8', 'nothing', /^no rule matches: the connection is closed, route_not_found$/m],
]
for (const [line, by, said] of addressed)
  test(`of Services behind captured connections: ${line}`, async () => {
    const explained = await explainRequest(services, { line, headers: [] }, new FakeClock())
    assert.ok(!('wrong' in explained), JSON.stringify(explained))
    assert.equal(explained.by, by)
    assert.match(explanationLines(explained).join('\n'), said)
  })
