import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { request } from '../request-fake.ts'
import { decodedAccess, fakeAccess } from './access-fake.ts'
import { checkAccess } from './check.ts'
import { accessConfig } from './config.ts'
import type { Verdict } from './verdict.ts'

type Wanted = Parameters<typeof request>[0]

function decide(config: object, wanted?: Wanted): Verdict {
  const verdict = fakeAccess(config).access.decide(request(wanted))
  assert.ok(!(verdict instanceof Promise), 'rules are decided at once')
  return verdict
}

function passes(rule: object, wanted?: Wanted): boolean {
  return decide({ rules: [{ name: 'r', action: 'allow', ...rule }] }, wanted).refusal === undefined
}

const web = 'spiffe://cluster.local/ns/shop/sa/web'

describe('a rule asks', () => {
  for (const [rule, holds, holdsNot] of [
    [
      { from: [{ identities: ['spiffe://*/ns/shop/sa/*'] }] },
      { identity: web },
      { identity: 'spiffe://a/ns/b/sa/c' },
    ],
    [{ from: [{ identities: ['*'] }] }, { identity: web }, {}],
    [{ from: [{ notIdentities: ['*'] }] }, {}, { identity: web }],
    [{ from: [{ addresses: ['10.0.0.0/8'] }] }, { address: '10.9.9.9' }, { address: '11.0.0.1' }],
    [{ from: [{ addresses: ['10.0.0.0/8'] }] }, { address: '::ffff:10.9.9.9' }, { address: 'unix' }],
    [{ from: [{ addresses: ['2001:db8::/32'] }] }, { address: '2001:db8::1' }, { address: '10.0.0.1' }],
    [{ from: [{ notAddresses: ['10.0.0.0/8'] }] }, { address: 'unix' }, { address: '10.0.0.1' }],
    [{ to: [{ hosts: ['Shop.example', '*.shop.example'] }] }, { host: 'shop.example' }, { host: 'example' }],
    [{ to: [{ notHosts: ['*.evil'] }] }, { host: 'a' }, { host: 'a.evil' }],
    [{ to: [{ serverNames: ['*.Shop.example'] }] }, { serverName: 'DB.shop.example' }, { serverName: 'a' }],
    [{ to: [{ serverNames: ['*'] }] }, { serverName: 'a' }, { serverName: '' }],
    [{ to: [{ notServerNames: ['*.evil'] }] }, {}, { serverName: 'a.evil' }],
    [{ to: [{ ports: [80] }] }, { port: 80 }, { port: 81 }],
    [{ to: [{ notPorts: [80] }] }, { port: 81 }, { port: 80 }],
    [{ to: [{ methods: ['GET', 'HEAD'] }] }, { method: 'HEAD' }, { method: 'POST' }],
    [{ to: [{ notMethods: ['GET'] }] }, { method: 'PUT' }, { method: 'GET' }],
    [{ to: [{ paths: ['/api/*'] }] }, { path: '/api/a/b' }, { path: '/apis' }],
    [
      { to: [{ paths: ['/api/*'], notPaths: ['/api/admin/*'] }] },
      { path: '/api/a' },
      { path: '/api/admin/x' },
    ],
    [{ to: [{ methods: ['GET'], paths: ['/a'] }] }, { path: '/a' }, { path: '/a', method: 'PUT' }],
    [{ to: [{ paths: ['/a'] }, { paths: ['/b'] }] }, { path: '/b' }, { path: '/c' }],
    [{ when: [{ header: 'X-Tenant', values: ['a*'] }] }, { headers: { 'x-tenant': 'abc' } }, {}],
    [
      { when: [{ header: 'x', values: ['1'] }] },
      { headers: { x: ['2', '1'] } },
      { headers: { x: ['2', '12'] } },
    ],
    [{ when: [{ header: 'x', notValues: ['1'] }] }, {}, { headers: { x: '1' } }],
    [
      { from: [{ identities: [web] }], to: [{ paths: ['/a'] }], when: [{ header: 'x', values: ['*'] }] },
      { identity: web, path: '/a', headers: { x: '' } },
      { identity: web, path: '/a' },
    ],
  ] as const)
    test(JSON.stringify(rule), () => {
      assert.equal(passes(rule, holds), true)
      assert.equal(passes(rule, holdsNot), false)
    })
})

describe('the order of evaluation', () => {
  const allow = { name: 'allow', action: 'allow', to: [{ paths: ['/a', '/both'] }] }
  const deny = { name: 'deny', action: 'deny', to: [{ paths: ['/d', '/both'] }] }
  const audit = { name: 'audit', action: 'audit' }
  for (const [name, config, path, code, rule] of [
    ['no rules: allowed', {}, '/x', undefined, 'default'],
    ['an allow rule that matches', { rules: [allow] }, '/a', undefined, 'allow'],
    ['none of the allow rules matches: denied', { rules: [allow] }, '/x', 'denied', 'default'],
    ['deny is asked before allow', { rules: [allow, deny] }, '/both', 'denied', 'deny'],
    ['deny alone denies the rest too', { rules: [deny] }, '/x', 'denied', 'default'],
    [
      'otherwise: allow lets pass what deny leaves',
      { rules: [deny], otherwise: 'allow' },
      '/x',
      undefined,
      'default',
    ],
    [
      'otherwise: allow does not undo a deny rule',
      { rules: [deny], otherwise: 'allow' },
      '/d',
      'denied',
      'deny',
    ],
    ['audit never decides', { rules: [audit] }, '/x', undefined, 'default'],
    ['audit is no allow rule', { rules: [audit, allow] }, '/x', 'denied', 'default'],
    ['audit beside deny', { rules: [audit, deny] }, '/x', 'denied', 'default'],
    ['otherwise: deny without rules', { otherwise: 'deny' }, '/x', 'denied', 'default'],
    [
      'otherwise: allow beside allow rules',
      { rules: [allow], otherwise: 'allow' },
      '/x',
      undefined,
      'default',
    ],
  ] as const)
    test(name, () => {
      const verdict = decide(config, { path })
      assert.deepEqual([verdict.refusal?.code, verdict.rule], [code, rule])
    })

  test('is that of the definition, whatever the order of the rules', () => {
    const rule = fc.record({
      action: fc.constantFrom('allow', 'deny', 'audit'),
      path: fc.constantFrom('/a', '/b'),
    })
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), fc.constantFrom('/a', '/b', '/c'), (rules, path) => {
        const written = rules.map((each, at) => ({
          ...{ name: `r${at}`, action: each.action, to: [{ paths: [each.path] }] },
        }))
        const matching = rules.filter(each => each.path === path).map(each => each.action)
        const decides = rules.some(each => each.action !== 'audit')
        const expected = !matching.includes('deny') && (!decides || matching.includes('allow'))
        assert.equal(decide({ rules: written }, { path }).refusal === undefined, expected)
      }),
    )
  })
})

test('audit rules that match are named and counted', () => {
  const audit = (name: string, path: string) => ({ name, action: 'audit', to: [{ paths: [path] }] })
  const { access, host } = fakeAccess({ rules: [audit('a', '/a'), audit('b', '/b'), audit('all', '*')] })
  const verdict = access.decide(request({ path: '/a' })) as Verdict
  assert.deepEqual(verdict.audits, ['a', 'all'])
  assert.equal(host.metric('access_audits_total', { rule: 'a' }), 1)
  assert.equal(host.metric('access_audits_total', { rule: 'b' }), 0)
})

test('the same question gets the same object: nothing is made for it', () => {
  const { access } = fakeAccess({ rules: [{ name: 'a', action: 'allow' }] })
  assert.equal(access.decide(request()), access.decide(request()))
})

test('headers that tell who calls are removed, whatever their case, and with underscores too', () => {
  const { access } = fakeAccess({})
  const headers = new HeaderList([
    'X-Forwarded-Client-Cert',
    'By=x',
    'A',
    '1',
    'x-forwarded-client-cert',
    'y',
  ])
  access.strip(headers)
  assert.deepEqual(headers.raw, ['A', '1'])
})

describe('the policy', () => {
  const rules = [{ name: 'a', action: 'allow', to: [{ paths: ['/a'] }] }]
  for (const [name, policy, code] of [
    ['lets pass', () => true, undefined],
    ['lets pass later', async () => true, undefined],
    ['refuses', () => false, 'denied'],
    ['refuses later', async () => false, 'denied'],
    ['answers with something else than true', () => 'yes' as unknown as boolean, 'denied'],
    ['fails', () => assert.fail('away'), 'denied'],
    ['fails later', () => Promise.reject(new Error('away')), 'denied'],
  ] as const)
    test(name, async () => {
      const { access } = fakeAccess({ rules }, { decide: policy })
      const verdict = await access.decide(request({ path: '/a' }))
      assert.deepEqual([verdict.refusal?.code, verdict.rule], [code, code ? 'policy' : 'a'])
    })

  test('is not asked about what the rules refuse', () => {
    const { access } = fakeAccess({ rules }, { decide: () => assert.fail('asked') })
    assert.equal((access.decide(request({ path: '/b' })) as Verdict).rule, 'default')
  })
})

test('explains what each rule says, in the order in which they are asked', async () => {
  const { access } = fakeAccess({
    rules: [
      { name: 'reads', action: 'allow', to: [{ methods: ['GET'], paths: ['/api/*'] }] },
      { name: 'no-admin', action: 'deny', to: [{ paths: ['/admin', '/root'] }, { hosts: ['x'] }] },
    ],
  })
  assert.deepEqual(await access.explain(request({ path: '/x' })), [
    'deny rule "no-admin" does not match: not: path is one of /admin, /root; not: host is one of x',
    'allow rule "reads" does not match: not: path is one of /api/*',
    'denied by default: no allow rule matches',
  ])
  assert.equal((await access.explain(request({ path: '/api/x' }))).at(-1), 'allowed by "reads"')
})

test('contradictions are problems in their place', () => {
  const config = decodedAccess({
    rules: [
      { name: 'a', action: 'allow', from: [{}, { addresses: ['10.0.0.0/40'] }] },
      { name: 'a', action: 'deny', to: [{ methods: ['get'], paths: ['api'] }] },
      {
        ...{ name: 'c', action: 'deny' },
        when: [{ header: 'x' }, { values: ['1'] }, { claim: 'sub', values: ['1'] }],
      },
    ],
  })
  assert.deepEqual(
    checkAccess(config, ['proxy', 'access']).map(problem => problem.path.join('.')),
    [
      'proxy.access.rules.0.from.0',
      'proxy.access.rules.0.from.1.addresses.0',
      'proxy.access.rules.1.name',
      'proxy.access.rules.1.to.0.methods.0',
      'proxy.access.rules.1.to.0.paths.0',
      'proxy.access.rules.2.when.0',
      'proxy.access.rules.2.when.1',
      'proxy.access.rules.2.when.2.claim',
    ],
  )
})

test('issuers that contradict themselves are problems too', () => {
  const issuer = { issuer: 'https://i', keys: { file: 'a.json' } }
  const config = decodedAccess({ jwt: { issuers: [issuer, { ...issuer, ca: 'ca.pem' }] } })
  assert.deepEqual(
    checkAccess(config, []).map(problem => problem.path.join('.')),
    ['jwt.issuers.1.issuer', 'jwt.issuers.1.ca'],
  )
})

test('headers that belong to the connection, are none, or are removed beforehand are problems', () => {
  const issuer = {
    ...{ issuer: 'https://i', keys: { file: 'a.json' } },
    headers: { 'x-user': 'sub', Content_Length: 'n', 'a b': 'sub' },
  }
  const config = decodedAccess({
    jwt: { issuers: [issuer], from: [{ header: 'Authorization' }, { header: 'X-Client' }] },
    stripHeaders: ['x-client', 'Host'],
    rules: [
      {
        ...{ name: 'a', action: 'deny' },
        when: [
          { header: 'X_User', values: ['a'] },
          { header: 'x-other', values: ['a'] },
        ],
      },
    ],
  })
  assert.deepEqual(
    checkAccess(config, []).map(problem => problem.path.join('.')),
    [
      'stripHeaders.1',
      'jwt.issuers.0.headers.Content_Length',
      'jwt.issuers.0.headers.a b',
      'jwt.from.1.header',
      'rules.0.when.0.header',
    ],
  )
})

for (const algorithm of ['none', 'HS256', 'RSA1_5'])
  test(`the algorithm ${algorithm} cannot be configured`, () => {
    const issuer = { issuer: 'i', keys: { file: 'a' }, algorithms: [algorithm] }
    assert.equal(accessConfig.decode({ jwt: { issuers: [issuer] } }).ok, false)
  })
