import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { controllerConfig, serviceLookup } from './controller.ts'

const decoded = controllerConfig.decode({ url: 'https://controller.example:4700/', tokenFile: '/token' })
assert.ok(decoded.ok)
const lookup = serviceLookup(decoded.value, { namespace: 'shop', clusterDomain: 'cluster.local' })!

describe('what the controller is asked about', () => {
  const cases: readonly (readonly [host: string, path: string | undefined])[] = [
    ['cart', '/feeds/services/shop/cart:80'],
    ['cart.bazaar.svc', '/feeds/services/bazaar/cart:80'],
    ['cart.bazaar.svc.cluster.local', '/feeds/services/bazaar/cart:80'],
    ['cart.bazaar.svc.cluster.local.', '/feeds/services/bazaar/cart:80'],
    ['cart.bazaar', undefined],
    ['github.com', undefined],
    ['cart.bazaar.svc.example.org', undefined],
    ['localhost', undefined],
    ['..', undefined],
    ['a/../b', undefined],
    ['10.96.0.9', '/feeds/addresses/10.96.0.9%3A80'],
    ['fd00::1', '/feeds/addresses/%5Bfd00%3A%3A1%5D%3A80'],
    ['8.8.8.8', undefined],
    ['127.0.0.1', undefined],
  ]
  for (const [host, path] of cases)
    it(`of ${host}: ${path ?? 'nothing'}`, () =>
      assert.equal(
        lookup(host, 80)?.config.feed.url,
        path === undefined ? undefined : `https://controller.example:4700${path}`,
      ))

  it('is the token of the file, and never a place on this machine', () => {
    assert.equal(lookup('cart', 80)?.config.feed.tokenFile, '/token')
    assert.equal(serviceLookup(undefined, { namespace: 'shop', clusterDomain: 'cluster.local' }), undefined)
  })
})
