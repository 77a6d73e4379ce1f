import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { decodedProxy } from '../proxy-fake.ts'
import { route, to, under } from '../routed-fake.ts'
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
    { name: 'in', listen: '127.0.0.1:3', inbound: {} },
    { name: 'out', listen: '127.0.0.1:4', outbound: {} },
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
        { matches: under('/web'), backendRefs: [to('web')] },
      ],
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

access
  allow rule "reads" matches
  allow rule "web" does not match: not: identity is one of ${web}
  allowed by "reads"

limits
  limit "few" (10/s, burst 10): 10 left

faults on purpose
  fault "slow" with 5 %: wait 1000 ms

upstream cart.shop:80
  endpoints  127.0.0.1:1
  choice     peak_ewma
  connects   by auto within 1000 ms

upstream web.shop:80
  endpoints  127.0.0.1:2, 127.0.0.1:3
  choice     maglev by the cookie sid
  connects   by auto within 5000 ms`,
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
]
for (const [what, line, more, by, denied, said] of table)
  test(`it says that ${what}`, async () => {
    const explanation = await explained(line, more)
    assert.equal(explanation.by, by)
    assert.equal(explanation.isDenied, denied)
    assert.match(explanationLines(explanation).join('\n'), said)
  })

for (const [question, wrong] of [
  [{ line: 'GET cart', headers: [] }, /^expected a request such as/],
  [{ line: 'GET http://a/', headers: ['x'] }, /^expected a header such as/],
  [{ line: 'GET http://a/', headers: [], listener: 'no' }, /there are plain, mesh, in, out$/],
] as const)
  test(`a question is refused: ${JSON.stringify(question)}`, async () => {
    const result = await explainRequest(config, question, new FakeClock())
    assert.ok('wrong' in result)
    assert.match(result.wrong, wrong)
  })
