import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainRoute, ruleText, triedText } from './explain.ts'
import { parseRequestLine } from './request-line.ts'
import { requestOf, routeOf, ruleTo } from './routes-fake.ts'
import { buildRouteTable } from './table.ts'

const { table } = buildRouteTable(
  [
    routeOf({
      rules: [
        ruleTo('rest', { name: 'rest', retry: { codes: [503], attempts: 2 }, timeouts: { request: '2s' } }),
        ruleTo('post', { name: 'post', matches: [{ path: { value: '/cart' }, method: 'POST' }] }),
        {
          name: 'blue',
          matches: [{ path: { value: '/cart' }, headers: [{ name: 'X-Team', value: 'blue' }] }],
          backendRefs: [
            { name: 'v1', port: 80, weight: 9 },
            { name: 'v2', port: 80 },
          ],
        },
        ruleTo('v3', {
          name: 'beta',
          matches: [
            {
              path: { value: '/cart' },
              queryParams: [{ name: 'beta', type: 'RegularExpression', value: '.*' }],
            },
          ],
        }),
        ruleTo('exact', { name: 'exact', matches: [{ path: { type: 'Exact', value: '/other' } }] }),
      ],
    }),
  ],
  { namespace: 'shop' },
)

function explain(line: string, ...headers: string[]) {
  const request = parseRequestLine({ line, headers })
  assert.ok(!('wrong' in request))
  return explainRoute(table, request)
}

test('says which rule wins, and of every other one why it does not', () => {
  const { rule, tried } = explain('GET http://checkout/cart/1', 'x-team: blue')
  assert.equal(rule?.name, 'HTTPRoute/shop/checkout/blue')
  assert.deepEqual(
    tried.map(({ rule, verdict }) => [rule.split('/').at(-1), verdict]),
    [
      ['exact', 'path'],
      ['post', 'method'],
      ['blue', 'wins'],
      ['beta', 'query'],
      ['rest', 'behind'],
    ],
  )
})

test('says it to people', () => {
  const { rule, tried } = explain('http://checkout/cart')
  assert.deepEqual(ruleText(rule!), [
    'rule HTTPRoute/shop/checkout/rest',
    '  backend   rest.shop:80 (100 %)',
    '  timeouts  request 2000 ms, each try no limit',
    '  retries   2 more tries after no connection, 503, from 25 ms on',
  ])
  assert.deepEqual(triedText(tried), [
    'in the order in which they are tried:',
    '  HTTPRoute/shop/checkout/exact  the path is another: Exact /other',
    '  HTTPRoute/shop/checkout/post   the method is another: PathPrefix /cart, method POST',
    '  HTTPRoute/shop/checkout/blue   a header field is missing or another: PathPrefix /cart, header x-team = blue',
    '  HTTPRoute/shop/checkout/beta   a query parameter is missing or another: PathPrefix /cart, query beta matches .*',
    '  HTTPRoute/shop/checkout/rest   wins: PathPrefix /',
  ])
})

test('shares of backends are told', () => {
  const text = ruleText(explain('GET http://checkout/cart', 'x-team:blue').rule!).join('\n')
  assert.match(text, /v1\.shop:80 \(90 %\)\n.*v2\.shop:80 \(10 %\)/)
})

test('says when no route is attached, and when none matches', () => {
  assert.equal(explain('GET http://other/').governed, false)
  const only = buildRouteTable(
    [routeOf({ rules: [ruleTo('a', { matches: [{ path: { value: '/a' } }] })] })],
    {
      namespace: 'shop',
    },
  )
  const request = parseRequestLine({ line: 'GET http://checkout/b', headers: [] })
  assert.ok(!('wrong' in request))
  const { governed, rule } = explainRoute(only.table, request)
  assert.deepEqual([governed, rule], [true, undefined])
})

test('very many rules are cut short, those with the right path last to go', () => {
  const rules = Array.from({ length: 200 }, (_, i) =>
    ruleTo('a', { matches: [{ path: { value: `/a/${i}` } }] }),
  )
  const { table } = buildRouteTable([routeOf({ rules })], { namespace: 'shop' })
  const request = parseRequestLine({ line: 'GET http://checkout/a/150', headers: [] })
  assert.ok(!('wrong' in request))
  const lines = triedText(explainRoute(table, request).tried)
  assert.equal(lines.at(-1), '  … and 180 more')
  assert.equal(lines.filter(line => /checkout\/150 +wins/.test(line)).length, 1)
})

test('paths are explained in the form in which the table sees them', () => {
  const request = parseRequestLine({ line: 'GET http://checkout//%63art/../cart', headers: [] })
  assert.equal('path' in request && request.path, '/cart')
  assert.match(JSON.stringify(parseRequestLine({ line: 'http://a/%00', headers: [] })), /no request may have/)
})

test('OPTIONS * meets the rule for the rest, and the explanation says so', () => {
  const request = { ...requestOf('OPTIONS http://checkout/'), path: '*' }
  const { rule, tried } = explainRoute(table, request)
  assert.equal(rule?.name, 'HTTPRoute/shop/checkout/rest')
  assert.equal(tried.at(-1)?.verdict, 'wins')
})

for (const [line, header] of [
  ['checkout', 'a: b'],
  ['GET', 'a: b'],
  ['GET ftp://a/', 'a: b'],
  ['GET http://a/ b', 'a: b'],
  ['GET http://a/', 'ab'],
]) {
  test(`'${line}' with '${header}' is no request`, () =>
    assert.match(
      (parseRequestLine({ line: line!, headers: [header!] }) as { wrong: string }).wrong,
      /^expected a/,
    ))
}
