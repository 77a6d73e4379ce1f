import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { ClusterPool } from './cluster-pool.ts'
import { clusterConfig } from './config.ts'
import { clusterFamilies } from './metrics.ts'

function configOf(address: string) {
  const decoded = clusterConfig.decode({ endpoints: [{ address }] })
  assert.ok(decoded.ok)
  return decoded.value
}

const SHOP = configOf('10.0.0.1:80')
const CART = configOf('10.0.0.2:80')
const OK = { outcome: 'answered', status: 200, latencyMs: 1 } as const

function poolOf(configs = { shop: SHOP, cart: CART }) {
  const { clock, log, metrics } = fakeHost({ name: 'proxy' })
  const removed: string[] = []
  const parts = {
    clock,
    log,
    families: clusterFamilies(metrics),
    random: () => 0,
    onRemoved: (cluster: string) => void removed.push(cluster),
  }
  const pool = new ClusterPool(configs, parts, { idleMs: 60_000 })
  const open = () => Array.from(pool.open(), ({ name }) => name)
  return { pool, clock, removed, open }
}

describe('the pool of clusters', () => {
  it('makes a cluster when it is first asked for, once', () => {
    const { pool, open } = poolOf()
    assert.deepEqual(open(), [])
    assert.equal(pool.get('shop'), pool.get('shop'))
    assert.equal(pool.get('other'), undefined)
    assert.equal(pool.has('cart'), true)
    assert.deepEqual(open(), ['shop'])
    assert.deepEqual(pool.health(), { shop: { ready: true, state: 'ok' } })
  })

  it('closes what nobody asks for, but nothing that has a call under way', () => {
    const { pool, clock, open, removed } = poolOf()
    const call = pool.get('shop')!.acquire({})
    pool.get('cart')
    clock.advance(50_000)
    pool.get('cart')
    clock.advance(50_000)
    assert.deepEqual(open(), ['shop', 'cart'])
    clock.advance(30_000)
    assert.deepEqual(open(), ['shop'])
    assert.ok(typeof call === 'object')
    call.done(OK)
    clock.advance(15_000)
    assert.deepEqual(open(), [])
    assert.deepEqual(removed, ['cart', 'shop'])
    assert.equal(clock.pending, 0)
    assert.equal(pool.get('shop')?.endpoints().length, 1)
  })

  it('takes over configurations in place', () => {
    const { pool, open } = poolOf()
    const shop = pool.get('shop')!
    pool.get('cart')
    pool.update({ shop: configOf('10.0.0.9:80') } as never)
    assert.deepEqual(open(), ['shop'])
    assert.equal(pool.get('shop'), shop)
    assert.deepEqual(
      shop.endpoints().map(({ endpoint }) => endpoint),
      ['10.0.0.9:80'],
    )
  })

  it('closes everything at its end and opens nothing after it', () => {
    const { pool, clock, open } = poolOf()
    pool.get('shop')
    pool[Symbol.dispose]()
    assert.deepEqual(open(), [])
    assert.equal(clock.pending, 0)
    assert.equal(pool.get('shop'), undefined)
  })
})
