import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { before, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import { exportSPKI, importJWK, type JWTPayload } from 'jose'
import { type FakeHost, fakeHost } from '../../../../kernel/host-fake.ts'
import { HeaderList } from '../../../../wire/http1/headers.ts'
import { request } from '../../request-fake.ts'
import { decodedAccess, fakeAccess } from '../access-fake.ts'
import type { Verdict } from '../verdict.ts'
import { forged, keySetText, type Signer, signer } from './signer-fake.ts'
import { type Invalid, type Verified, Verifier } from './verifier.ts'

const NOW = Date.UTC(2026, 0, 1) / 1000
const CLAIMS: JWTPayload = { iss: 'https://a', aud: 'shop', sub: 'ann', exp: NOW + 600 }
const FILE = { keys: { file: 'unused' } }
const A = { issuer: 'https://a', audiences: ['shop'], ...FILE }

let good: Signer
let other: Signer
let rsa: Signer
let host: FakeHost
/** What each issuer publishes. */
let published: Record<string, string>
let reads: number

before(async () => {
  ;[good, other, rsa] = await Promise.all([signer(), signer(), signer('RS256', 'rsa')])
})

beforeEach(() => {
  host = fakeHost()
  reads = 0
  published = { 'https://a': keySetText(good, rsa), 'https://b': keySetText(other) }
})

const source =
  ({ issuer }: { readonly issuer: string }) =>
  async () => {
    reads++
    return published[issuer] ?? assert.fail('away')
  }

function verifier(jwt: object = {}): Verifier {
  const config = { issuers: [A, { issuer: 'https://b', ...FILE }], ...jwt }
  return new Verifier(decodedAccess({ jwt: config }).jwt!, { ...host, source })
}

async function problem(token: string, jwt?: object): Promise<string | undefined> {
  return ((await verifier(jwt).verify(token)) as Partial<Invalid>).problem
}

function hmac(header: object, secret: string | Buffer): string {
  const unsigned = forged({ typ: 'JWT', ...header }, CLAIMS, '').slice(0, -1)
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`
}

describe('a token that is taken', () => {
  for (const [name, make] of [
    ['of ES256', () => good.sign(CLAIMS)],
    ['of RS256', () => rsa.sign(CLAIMS)],
    ['for several audiences', () => good.sign({ ...CLAIMS, aud: ['x', 'shop'] })],
    ['of another issuer, with its key', () => other.sign({ ...CLAIMS, iss: 'https://b' })],
    ['that expired within the leeway', () => good.sign({ ...CLAIMS, exp: NOW - 59 })],
    ['that becomes valid within the leeway', () => good.sign({ ...CLAIMS, nbf: NOW + 59 })],
  ] as [string, () => Promise<string>][])
    test(name, async () => assert.equal(await problem(await make()), undefined))
})

describe('a token that is refused', () => {
  const jwk = () => JSON.stringify(rsa.jwk)
  for (const [name, make, expected] of [
    ['unsigned', () => forged({ alg: 'none' }, CLAIMS, ''), /algorithm|malformed/],
    ['unsigned, in other letters', () => forged({ alg: 'nOnE' }, CLAIMS, ''), /algorithm|malformed/],
    ['without an algorithm', () => forged({}, CLAIMS), /malformed/],
    [
      'signed with the public key as a secret',
      async () => {
        const pem = await exportSPKI((await importJWK(rsa.jwk, 'RS256')) as never)
        return hmac({ alg: 'HS256', kid: 'rsa' }, pem)
      },
      /algorithm/,
    ],
    ['signed with the public JWK as a secret', () => hmac({ alg: 'HS256', kid: 'rsa' }, jwk()), /algorithm/],
    ['that brings its own key', async () => other.sign(CLAIMS, { jwk: other.jwk }), /signature/],
    ['that names a key elsewhere', async () => other.sign(CLAIMS, { jku: 'https://evil' }), /signature/],
    ['of an algorithm that is not listed', async () => (await signer('ES384')).sign(CLAIMS), /algorithm/],
    ['with the key id of a key of another kind', () => good.sign(CLAIMS, { kid: 'rsa' }), /key is unknown/],
    ['with an unknown key id', () => good.sign(CLAIMS, { kid: '../../etc' }), /key is unknown/],
    ['signed by another', () => other.sign(CLAIMS), /signature/],
    ['of one issuer with the key of another', () => good.sign({ ...CLAIMS, iss: 'https://b' }), /signature/],
    ['of an unknown issuer', () => good.sign({ ...CLAIMS, iss: 'https://c' }), /issuer is not configured/],
    ['whose issuer is a list', () => good.sign({ ...CLAIMS, iss: ['https://a'] as never }), /iss/],
    ['without an issuer', () => good.sign({ ...CLAIMS, iss: undefined! }), /issuer is not configured/],
    ['for another audience', () => good.sign({ ...CLAIMS, aud: 'shops' }), /claim aud/],
    ['for nobody', () => good.sign({ ...CLAIMS, aud: undefined! }), /claim aud/],
    ['that has expired', () => good.sign({ ...CLAIMS, exp: NOW - 61 }), /expired/],
    ['that never expires', () => good.sign({ ...CLAIMS, exp: undefined! }), /claim exp/],
    ['whose expiry is a text', () => good.sign({ ...CLAIMS, exp: '9999999999' as never }), /exp|malformed/],
    ['that is not valid yet', () => good.sign({ ...CLAIMS, nbf: NOW + 61 }), /not valid yet/],
    [
      'with a critical extension',
      () => forged({ alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 }, CLAIMS),
      /malformed/,
    ],
    [
      'with an unencoded payload',
      () => forged({ alg: 'ES256', b64: false, crit: ['b64'] }, CLAIMS),
      /signature|malformed/,
    ],
    ['with two parts', () => 'a.b', /malformed/],
    ['encrypted', () => 'a.b.c.d.e', /malformed/],
    ['empty', () => '', /malformed/],
    ['of dots', () => '..', /malformed/],
    ['of bad base64', () => '!!.@@.##', /malformed/],
    ['whose header is a list', () => forged([], CLAIMS), /malformed/],
    ['whose claims are a list', () => forged({ alg: 'ES256', kid: 'k1' }, []), /malformed/],
    ['whose claims are null', () => forged({ alg: 'ES256', kid: 'k1' }, null), /malformed/],
    ['too long', () => 'a'.repeat(16 * 1024 + 1), /too long/],
  ] as [string, () => string | Promise<string>, RegExp][])
    test(name, async () => assert.match((await problem(await make())) ?? 'taken', expected))

  test('and counted', async () => {
    const one = verifier()
    await one.verify('x')
    await one.verify(await good.sign(CLAIMS))
    assert.equal(host.metric('jwt_checks_total', { result: 'invalid' }), 1)
    assert.equal(host.metric('jwt_checks_total', { result: 'valid' }), 1)
  })

  test('whatever byte of it is changed', async () => {
    const token = await good.sign(CLAIMS)
    const one = verifier()
    const bytes = fc.constantFrom(...'ABab01-_.=+/ ')
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), bytes, async (at, byte) => {
        const changed = token.slice(0, at) + byte + token.slice(at + 1)
        // The last digit of a part has bits that mean nothing.
        const same = (text: string) =>
          text.split('.').map(part => Buffer.from(part, 'base64url').toString('hex'))
        fc.pre(same(changed).join() !== same(token).join())
        assert.ok('problem' in (await one.verify(changed)), changed)
      }),
      { numRuns: 200 },
    )
  })

  test('whatever it is', async () => {
    const one = verifier()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async text => {
        assert.ok('problem' in (await one.verify(text)))
      }),
    )
  })
})

describe('a token that was seen before', () => {
  test('is answered at once, until it expires', async () => {
    const one = verifier()
    const token = await good.sign(CLAIMS)
    const first = one.verify(token)
    assert.ok(first instanceof Promise)
    assert.equal(one.verify(token) instanceof Promise, true, 'nothing is known yet')
    const verified = await first
    await one.verify(token)
    assert.equal(one.verify(token) instanceof Promise, false)
    assert.equal((one.verify(token) as Verified).claims['sub'], (verified as Verified).claims['sub'])
    host.clock.advance(660_000)
    assert.deepEqual(await one.verify(token), { problem: 'the token has expired' })
  })

  test('is checked again when the keys have changed', async () => {
    const one = verifier({ issuers: [{ ...A, refresh: '1m' }] })
    const token = await good.sign(CLAIMS)
    await one.verify(token)
    published['https://a'] = keySetText(other)
    host.clock.advance(60_000)
    assert.ok('claims' in (await one.verify(token)), 'the old keys serve until the new ones are read')
    await host.clock.elapse(0)
    assert.deepEqual(await one.verify(token), { problem: 'the token’s signature is wrong' })
  })
})

describe('keys', () => {
  test('that rotate are read anew for the first token that names one', async () => {
    const one = verifier()
    await one.verify(await good.sign(CLAIMS))
    const next = await signer('ES256', 'k2')
    published['https://a'] = keySetText(good, next)
    host.clock.advance(30_000)
    assert.ok('claims' in ((await one.verify(await next.sign(CLAIMS))) as Verified))
    assert.equal(reads, 2)
  })

  test('are not read for every unknown key id', async () => {
    const one = verifier()
    for (let i = 0; i < 20; i++) await one.verify(await good.sign(CLAIMS, { kid: `x${i}` }))
    assert.equal(reads, 1)
    assert.ok('claims' in (await one.verify(await good.sign(CLAIMS))))
  })

  test('without id are tried in turn', async () => {
    const [one, two] = await Promise.all([signer('ES256', ''), signer('ES256', '')])
    const nameless = ({ jwk: { kid: _, ...jwk }, sign }: Signer) => ({ jwk, sign })
    published['https://a'] = keySetText(nameless(one), nameless(two))
    assert.equal(await problem(await two.sign(CLAIMS, { kid: undefined })), undefined)
    assert.match((await problem(await good.sign(CLAIMS, { kid: undefined })))!, /signature/)
  })

  test('that cannot be read refuse the token and are told in the log', async () => {
    published = {}
    assert.equal(await problem(await good.sign(CLAIMS)), 'the keys of the token’s issuer cannot be read')
    assert.equal(host.metric('jwt_key_loads_total', { issuer: 'https://a', result: 'failed' }), 1)
  })

  test('are read beforehand when told to', async () => {
    const one = verifier()
    await one.warm()
    assert.equal(reads, 2)
  })
})

describe('access by token', () => {
  const jwt = { issuers: [{ ...A, headers: { 'X-User': 'sub', 'x-roles': 'roles' } }] }
  const admin = {
    ...{ name: 'admin', action: 'allow', to: [{ paths: ['/admin'] }] },
    when: [{ claim: 'roles', values: ['admin'] }],
  }
  const open = { name: 'open', action: 'allow', to: [{ paths: ['/open'] }] }

  function ask(path: string, token: string | undefined, config: object = {}) {
    const view = request({ path, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    const { access } = fakeAccess({ jwt, rules: [admin, open], ...config }, { source })
    return { access, view }
  }

  async function verdict(path: string, claims: object | undefined, config?: object): Promise<Verdict> {
    const { access, view } = ask(path, claims && (await good.sign({ ...CLAIMS, ...claims })), config)
    return access.decide(view)
  }

  for (const [name, path, claims, code, rule] of [
    ['the claim that is asked for', '/admin', { roles: ['a', 'admin'] }, undefined, 'admin'],
    ['another claim', '/admin', { roles: ['a'] }, 'denied', 'default'],
    ['no token where one would help', '/admin', undefined, 'unauthenticated', 'default'],
    ['no token where none would help', '/x', undefined, 'denied', 'default'],
    ['no token where none is asked for', '/open', undefined, undefined, 'open'],
    ['a bad token where none is asked for', '/open', { exp: 1 }, 'unauthenticated', 'token'],
  ] as const)
    test(name, async () => {
      const { refusal, rule: decided } = await verdict(path, claims)
      assert.deepEqual([refusal?.code, decided], [code, rule])
    })

  test('a deny rule can ask for a token', async () => {
    const rules = [{ name: 'r', action: 'deny', when: [{ claim: 'iss', notValues: ['*'] }] }]
    assert.equal((await verdict('/', undefined, { rules })).refusal?.status, 401)
    assert.equal((await verdict('/', {}, { rules })).refusal, undefined)
  })

  test('a refusal says what the client should do, and quotes nothing of the token', async () => {
    const bad = await verdict('/open', { exp: 1 })
    assert.deepEqual(bad.refusal!.headers, [
      'WWW-Authenticate',
      `Bearer error="invalid_token", error_description="the token has expired"`,
    ])
    const none = await verdict('/admin', undefined)
    assert.deepEqual(none.refusal!.headers, ['WWW-Authenticate', 'Bearer'])
  })

  test('the application gets the claims instead of the token, and none that the client made up', async () => {
    const { access, view } = ask('/open', await good.sign({ ...CLAIMS, sub: 'ann\u00e9', roles: ['a', 'b'] }))
    view.headers.append('x-USER', 'root')
    access.strip(view.headers)
    access.forward(await access.decide(view), view.headers, '')
    assert.deepEqual(view.headers.raw, ['X-User', 'ann\u00c3\u00a9', 'x-roles', 'a,b'])
  })

  test('a claim that would break a header is left out', async () => {
    const { access, view } = ask('/open', await good.sign({ ...CLAIMS, sub: 'a\r\nX-Roles: admin' }))
    const headers = new HeaderList()
    access.forward(await access.decide(view), headers, '')
    assert.deepEqual(headers.raw, [])
  })

  test('the token stays when it is to be forwarded', async () => {
    const config = { jwt: { ...jwt, forward: true, from: [{ query: 't' }] } }
    const { access } = ask('/open', undefined, config)
    const search = `t=${await good.sign(CLAIMS)}`
    assert.equal(access.forward(await access.decide(request({ search })), new HeaderList(), search), search)
  })

  test('an explanation says what a bad token is refused for', async () => {
    const { access, view } = ask('/open', 'x')
    assert.deepEqual(await access.explain(view), ['unauthenticated by "token": the token is malformed'])
  })

  test('the second request of a token is decided at once', async () => {
    const { access, view } = ask('/open', await good.sign(CLAIMS))
    await access.decide(view)
    assert.equal(access.decide(view) instanceof Promise, false)
  })
})
