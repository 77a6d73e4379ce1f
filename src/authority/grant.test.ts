import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTokenFile } from './grant.ts'

const TOKEN = 'a-token-of-some-length'

test('a token grants what stands behind it, and an unknown one nothing', async () => {
  const text = `# who may have what\n\n${TOKEN}  shop/checkout checkout.shop.svc checkout\r\nanother-token-12345 shop/cart\n`
  const grants = parseTokenFile(text, 'example.org')
  const grant = await grants.grantOf(TOKEN)
  assert.equal(grant?.identity.uri, 'spiffe://example.org/ns/shop/sa/checkout')
  assert.deepEqual(grant?.dnsNames, ['checkout.shop.svc', 'checkout'])
  assert.equal((await grants.grantOf('another-token-12345'))?.identity.path, '/ns/shop/sa/cart')
  for (const token of ['', TOKEN.slice(1), `${TOKEN}x`, '#', 'shop/checkout'])
    assert.equal(await grants.grantOf(token), undefined)
})

for (const [text, message] of [
  ['', /holds no token/],
  ['short shop/checkout', /line 1: a token must have at least 16/],
  [`${TOKEN}`, /line 1: expected NAMESPACE/],
  [`${TOKEN} shop`, /line 1: expected NAMESPACE/],
  [`${TOKEN} shop/a/b`, /line 1: expected NAMESPACE/],
  [`\n${TOKEN} Shop/checkout`, /line 2: "Shop" is no namespace/],
  [`${TOKEN} shop/a\n${TOKEN} shop/b`, /line 2: the token stands in an earlier line/],
] as const)
  test(`the file ${JSON.stringify(text)} is refused, without its token in the message`, () => {
    assert.throws(
      () => parseTokenFile(text, 'example.org'),
      (error: Error) => message.test(error.message) && !error.message.includes(TOKEN),
    )
  })
