import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { keyOf } from '../member.ts'
import { serviceDiscovery } from './service.ts'

/** A controller that answers as it is told, and what the cluster hears. */
async function asked(t: TestContext, answer: (response: ServerResponse, request: number) => void) {
  const clock = new FakeClock()
  let requests = 0
  const server = createServer((_, response) => answer(response, ++requests)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const told: string[] = []
  const running = serviceDiscovery(
    {
      feed: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/feeds/x`, silenceMs: 45_000 },
      otherwise: {
        kind: 'dns',
        config: { name: 'cart.shop.svc', port: 80, refreshMs: 30_000, minRefreshMs: 1_000 },
      },
    },
    {
      clock,
      random: () => 0,
      resolver: {
        services: async () => [],
        addresses: async () => [{ address: '10.96.0.9', ttlSeconds: 30 }],
      },
    },
    {
      found: specs => told.push(specs.map(keyOf).join(' ')),
      failed: reason => told.push(`failed: ${reason}`),
    },
  )
  t.after(() => {
    running[Symbol.dispose]()
    server.closeAllConnections()
    server.close()
  })
  const until = async (count: number) => {
    while (told.length < count) await clock.elapse(50)
    return told
  }
  return { until, told, requests: () => requests }
}

const list = (response: ServerResponse, version: string, ...addresses: string[]) =>
  response.write(`${JSON.stringify({ version, endpoints: addresses.map(address => ({ address })) })}\n`)

describe('endpoints of a Service', () => {
  it('are those of the controller, and DNS is not asked', async t => {
    const { until, told } = await asked(t, response => list(response, '1', '10.0.0.7:8080'))
    await until(1)
    assert.deepEqual(told, ['10.0.0.7:8080'])
  })

  it('come from DNS where the controller knows no such Service, until it does', async t => {
    const { until } = await asked(t, (response, request) => {
      if (request < 3) response.writeHead(404).end()
      else list(response, '1', '10.0.0.7:8080')
    })
    assert.deepEqual(await until(2), ['10.96.0.9:80', '10.0.0.7:8080'])
  })

  it('come from DNS while the controller says nothing', async t => {
    const { until } = await asked(t, () => {})
    assert.deepEqual(await until(1), ['10.96.0.9:80'])
  })

  it('stay as the controller has said last when it goes away', async t => {
    const { until } = await asked(t, (response, request) => {
      if (request > 1) return void response.writeHead(503).end()
      list(response, '1', '10.0.0.7:8080')
      response.end()
    })
    const [first, second] = await until(2)
    assert.equal(first, '10.0.0.7:8080')
    assert.match(second!, /^failed: .* answered 503/)
  })
})
