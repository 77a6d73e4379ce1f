import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import type { Json } from '../../../manifests/json.ts'
// The other side of the contract, so that both are held to one reading of the lines.
import { FeedState } from '../../../modules/proxy/clusters/discovery/feed-state.ts'
import { keyOf } from '../../../modules/proxy/clusters/member.ts'
import { FeedHub } from './hub.ts'
import { ServiceTable, type Subject, type WatchedKind } from './service-table.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 16)
const CART: Subject = { kind: 'service', namespace: 'shop', name: 'cart', port: 80 }

function cluster() {
  const clock = new FakeClock()
  const table = new ServiceTable('example.org', topic => hub.changed(topic))
  const hub: FeedHub = new FeedHub(clock, table, hash)
  return { clock, table, hub }
}

const service = (ports: Json = [{ name: 'http', port: 80 }], more: object = {}): Json => ({
  spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports, ...more } as Json,
})

const slice = (...endpoints: readonly (string | object)[]): Json => ({
  addressType: 'IPv4',
  metadata: { labels: { 'kubernetes.io/service-name': 'cart' } },
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: endpoints.map(each => (typeof each === 'string' ? { addresses: [each] } : each)) as Json,
})

const pod = (serviceAccountName: string, ip: string): Json => ({
  metadata: { annotations: { 'outrigger.dev/mesh': 'true' } },
  spec: { serviceAccountName },
  status: { phase: 'Running', podIPs: [{ ip }] },
})

/** A sidecar: it holds what the lines build up, and comes back with the version that it holds. */
function sidecar(hub: FeedHub, subject: Subject) {
  const state = new FeedState()
  const lines: string[] = []
  let held: string[] = []
  let room = true
  const connect = () =>
    hub.subscribe(subject, state.version, {
      tell: told => {
        for (const line of told) {
          lines.push(line)
          const step = state.apply(line)
          assert.notEqual(step.kind, 'broken', step.kind === 'broken' ? step.reason : '')
          if (step.kind === 'list')
            held = step.endpoints
              .map(each => `${keyOf(each)} ${each.zone ?? ''} ${each.identity ?? ''}`)
              .sort()
        }
        return room
      },
      end: () => {},
    })
  return {
    lines,
    connect,
    held: () => held,
    setRoom: (has: boolean) => {
      room = has
    },
  }
}

describe('the table of Services', () => {
  it('finds the target port by the name of the Service’s port, and only what is ready', () => {
    const { table } = cluster()
    table.apply('Service', 'shop', 'cart', service())
    table.apply(
      'EndpointSlice',
      'shop',
      'cart-1',
      slice(
        { addresses: ['10.0.0.7'], zone: 'a' },
        { addresses: ['10.0.0.8'], conditions: { ready: false } },
        { addresses: ['fd00::1'], conditions: { ready: true } },
      ),
    )
    assert.deepEqual(table.find(CART), {
      endpoints: [{ address: '10.0.0.7:8080', zone: 'a' }, { address: '[fd00::1]:8080' }],
      clusterIPs: ['10.96.0.9'],
    })
    assert.equal(table.find({ ...CART, port: 81 }), undefined)
    assert.equal(table.find({ ...CART, namespace: 'other' }), undefined)
    assert.deepEqual(table.find({ kind: 'address', address: '10.96.0.9', port: 80 }), table.find(CART))
  })

  it('says who is met where the pod’s sidecar takes mutual TLS', () => {
    const { table } = cluster()
    table.apply('Service', 'shop', 'cart', service())
    table.apply(
      'EndpointSlice',
      'shop',
      'cart-1',
      slice({ addresses: ['10.0.0.7'], targetRef: { kind: 'Pod', name: 'cart-x' } }),
    )
    assert.equal(table.find(CART)?.endpoints[0]?.identity, undefined)
    table.apply('Pod', 'shop', 'cart-x', pod('cart', '10.0.0.7'))
    assert.equal(table.find(CART)?.endpoints[0]?.identity, 'spiffe://example.org/ns/shop/sa/cart')
    const direct = table.find({ kind: 'address', address: '10.0.0.7', port: 9000 })
    assert.deepEqual(direct?.endpoints, [
      { address: '10.0.0.7:9000', identity: 'spiffe://example.org/ns/shop/sa/cart' },
    ])
    table.apply('Pod', 'shop', 'cart-x', undefined)
    assert.equal(table.find({ kind: 'address', address: '10.0.0.7', port: 9000 }), undefined)
  })

  it('survives whatever an object looks like', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<WatchedKind>('Service', 'EndpointSlice', 'Pod'),
        fc.json(),
        (kind, text) => {
          const { table } = cluster()
          table.apply(kind, 'shop', 'cart', JSON.parse(text))
          table.apply(kind, 'shop', 'cart', {
            metadata: JSON.parse(text),
            spec: JSON.parse(text),
            endpoints: [JSON.parse(text)],
          } as Json)
          table.find(CART)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('a feed', () => {
  it('tells the whole list once, then what has changed, and gathers what comes together', async () => {
    const { clock, table, hub } = cluster()
    table.apply('Service', 'shop', 'cart', service())
    table.apply(
      'EndpointSlice',
      'shop',
      'cart-1',
      slice(...Array.from({ length: 50 }, (_, n) => `10.0.0.${n}`)),
    )
    const one = sidecar(hub, CART)
    one.connect()
    assert.equal(one.lines.length, 1)
    for (const last of ['10.0.1.1', '10.0.1.2', '10.0.1.3'])
      table.apply(
        'EndpointSlice',
        'shop',
        'cart-1',
        slice(...Array.from({ length: 49 }, (_, n) => `10.0.0.${n}`), last),
      )
    await clock.elapse(100)
    assert.equal(one.lines.length, 2)
    assert.deepEqual(Object.keys(JSON.parse(one.lines[1]!)), ['version', 'from', 'set', 'remove'])
    assert.ok(one.lines[1]!.length < 150, one.lines[1])
  })

  it('says nothing of Services that the sidecar does not use', async () => {
    const { clock, table, hub } = cluster()
    table.apply('Service', 'shop', 'cart', service())
    const one = sidecar(hub, CART)
    one.connect()
    table.apply('Service', 'shop', 'other', service())
    await clock.elapse(1000)
    assert.equal(one.lines.length, 1)
    assert.equal(hub.subjects, 1)
  })

  it('goes on from the version that a sidecar brings from another replica', () => {
    const [here, there] = [cluster(), cluster()]
    for (const { table } of [here, there]) {
      table.apply('Service', 'shop', 'cart', service())
      table.apply('EndpointSlice', 'shop', 'cart-1', slice('10.0.0.7'))
    }
    const one = sidecar(here.hub, CART)
    one.connect()?.[Symbol.dispose]()
    assert.equal(here.hub.subjects, 0, 'what nobody uses is forgotten')
    there.hub.subscribe(CART, JSON.parse(one.lines[0]!).version, {
      tell: lines => assert.fail(`told again: ${lines}`),
      end: () => {},
    })
  })

  it('gives a sign of life, and leads a slow sidecar from where it was to where things are', async () => {
    const { clock, table, hub } = cluster()
    table.apply('Service', 'shop', 'cart', service())
    const one = sidecar(hub, CART)
    one.setRoom(false)
    const subscription = one.connect()!
    for (let n = 1; n <= 100; n++) {
      table.apply('EndpointSlice', 'shop', 'cart-1', slice(`10.0.0.${n}`))
      await clock.elapse(100)
    }
    assert.equal(one.lines.length, 1, 'nothing is said to one who does not listen')
    one.setRoom(true)
    subscription.drained()
    assert.equal(one.lines.length, 2, 'changes that are forgotten make a whole list')
    assert.deepEqual(one.held(), ['10.0.0.100:8080  '])
    await clock.elapse(15_000)
    assert.equal(one.lines.at(-1), '{}')
  })

  it('leads every sidecar to the table’s list, whenever it comes, goes and comes back', async () => {
    const address = fc.integer({ min: 1, max: 6 }).map(n => `10.0.0.${n}`)
    const endpoint = fc.record({
      addresses: fc.tuple(address),
      zone: fc.constantFrom('a', 'b'),
      targetRef: fc.record({ kind: fc.constant('Pod'), name: fc.constantFrom('p1', 'p2') }),
    })
    const step = fc.oneof(
      fc.record({
        slice: fc.constantFrom('s1', 's2'),
        endpoints: fc.option(fc.array(endpoint, { maxLength: 4 })),
      }),
      fc.record({ service: fc.boolean() }),
      fc.record({ pod: fc.constantFrom('p1', 'p2'), account: fc.option(fc.constantFrom('x', 'y')) }),
      fc.record({ connect: fc.boolean() }),
      fc.record({ room: fc.boolean() }),
      fc.record({ wait: fc.constant(100) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        const { clock, table, hub } = cluster()
        table.apply('Service', 'shop', 'cart', service())
        const one = sidecar(hub, CART)
        let subscription = one.connect()
        for (const each of steps) {
          if ('slice' in each)
            table.apply(
              'EndpointSlice',
              'shop',
              each.slice,
              each.endpoints === null ? undefined : slice(...each.endpoints),
            )
          else if ('service' in each)
            table.apply('Service', 'shop', 'cart', each.service ? service() : undefined)
          else if ('pod' in each)
            table.apply(
              'Pod',
              'shop',
              each.pod,
              each.account === null ? undefined : pod(each.account, '10.0.9.9'),
            )
          else if ('room' in each) {
            one.setRoom(each.room)
            if (each.room) subscription?.drained()
          } else if ('connect' in each) {
            subscription?.[Symbol.dispose]()
            subscription = each.connect ? one.connect() : undefined
          } else await clock.elapse(each.wait)
        }
        table.apply('Service', 'shop', 'cart', service())
        await clock.elapse(200)
        one.setRoom(true)
        subscription ??= one.connect()
        subscription?.drained()
        const wanted = table
          .find(CART)!
          .endpoints.map(each => `${each.address} ${each.zone ?? ''} ${each.identity ?? ''}`)
        assert.deepEqual(one.held(), wanted.sort())
      }),
      { numRuns: 300 },
    )
  })
})
