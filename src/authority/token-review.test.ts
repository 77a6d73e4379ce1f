import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serviceAccount } from '../../test/fakes/apiserver/access.ts'
import { ApiServer } from '../../test/fakes/apiserver/server.ts'
import { systemClock } from '../kernel/clock/system.ts'
import { tokenReviews } from './token-review.ts'

const clock = systemClock()

async function cluster(own = 'token-of-the-authority') {
  const server = await ApiServer.start()
  server.addToken('token-of-the-authority', serviceAccount('outrigger', 'ca'))
  server.addToken('token-of-nobody', serviceAccount('shop', 'nobody'))
  server.grant(serviceAccount('outrigger', 'ca').username, [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  ])
  server.addToken('good', serviceAccount('shop', 'cart'), ['outrigger', 'other'])
  server.addToken('elsewhere', serviceAccount('shop', 'cart'), ['vault'])
  server.addToken('human', { username: 'jane@example.org', groups: [] }, ['outrigger'])
  server.addToken('node', { username: 'system:node:worker', groups: ['system:nodes'] }, ['outrigger'])
  const grants = tokenReviews({
    url: server.url,
    access: async () => ({ ca: server.ca, token: own }),
    audience: 'outrigger',
    trustDomain: 'example.org',
    clock,
  })
  return { server, grants }
}

describe('a review of tokens by the API server', () => {
  test('grants a service account its identity, and no DNS names', async () => {
    const { server, grants } = await cluster()
    await using _ = server
    const grant = await grants.grantOf('good')
    assert.equal(grant!.identity.uri, 'spiffe://example.org/ns/shop/sa/cart')
    assert.deepEqual(grant!.dnsNames, [])
  })

  for (const [what, token] of [
    ['a token that the server does not know', 'forged'],
    ['a token for another audience', 'elsewhere'],
    ['a person', 'human'],
    ['a node', 'node'],
  ] as const)
    test(`grants nothing to ${what}`, async () => {
      const { server, grants } = await cluster()
      await using _ = server
      assert.equal(await grants.grantOf(token), undefined)
    })

  test('grants nothing where the server does not say that the audience was looked at', async () => {
    const { server, grants } = await cluster()
    await using _ = server
    server.knowsAudiences = false
    assert.equal(await grants.grantOf('good'), undefined)
  })

  test('cannot be known when the authority may not ask, and when the server is away', async () => {
    const { server, grants } = await cluster('token-of-nobody')
    await assert.rejects(grants.grantOf('good'), /the API server answered 403: tokenreviews.* is forbidden/)
    await server[Symbol.asyncDispose]()
    await assert.rejects(grants.grantOf('good'), /refused the connection/)
  })

  test('goes by https alone', () => {
    const options = { access: async () => ({ ca: '', token: '' }), audience: 'a', trustDomain: 'a', clock }
    assert.throws(
      () => tokenReviews({ ...options, url: new URL('http://10.96.0.1') }),
      /must be reached by https/,
    )
  })
})
