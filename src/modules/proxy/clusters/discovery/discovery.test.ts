import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { Secret } from '../../../../kernel/config/schema.ts'
import { type EndpointSpec, keyOf } from '../member.ts'
import type { DiscoveryConfig } from './config.ts'
import { startDiscovery } from './discovery.ts'
import type { DnsWorld } from './dns.ts'
import { readEndpoints } from './endpoint-list.ts'
import { FeedState } from './feed-state.ts'
import type { DnsResolver } from './resolver.ts'

/** What a source has told, one text each; `next` waits for more. */
function sink() {
  const told: string[] = []
  let arrived = Promise.withResolvers<void>()
  const tell = (text: string) => {
    told.push(text)
    arrived.resolve()
    arrived = Promise.withResolvers()
  }
  const text = (spec: EndpointSpec) => keyOf(spec) + (spec.weight === 1 ? '' : `*${spec.weight}`)
  return {
    told,
    found: (specs: readonly EndpointSpec[]) => tell(specs.map(text).join(' ')),
    failed: (reason: string) => tell(`failed: ${reason}`),
    async until(count: number) {
      while (told.length < count) await arrived.promise
      return told
    },
  }
}

function start(t: TestContext, config: DiscoveryConfig, world: DnsWorld) {
  const out = sink()
  const running = startDiscovery(config, world, out)
  t.after(() => running[Symbol.dispose]())
  return { ...out, running }
}

describe('endpoints from DNS', () => {
  const resolverOf = (
    answers: (readonly (readonly [string, (number | undefined)?])[] | string)[],
  ): DnsResolver => ({
    services: async () => [],
    addresses: async () => {
      const answer = answers.shift() ?? []
      if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
      return answer.map(([address, ttlSeconds]) => ({
        address,
        ...(ttlSeconds !== undefined && { ttlSeconds }),
      }))
    },
  })
  const config: DiscoveryConfig = {
    kind: 'dns',
    config: { name: 'shop', port: 80, refreshMs: 30_000, minRefreshMs: 5000 },
  }

  for (const [name, ttl, waitMs] of [
    ['the TTL', 12, 12_000],
    ['the least time', 1, 5000],
    ['the most time', 600, 30_000],
    ['the most time without a TTL', undefined, 30_000],
  ] as const) {
    it(`are asked for again after ${name}`, async t => {
      const clock = new FakeClock()
      const resolver = resolverOf([
        [['10.0.0.1', ttl]],
        [
          ['10.0.0.2', ttl],
          ['fe80::1', ttl],
        ],
      ])
      const { told } = start(t, config, { clock, random: () => 0, resolver })
      await clock.elapse(waitMs - 1)
      assert.deepEqual(told, ['10.0.0.1:80'])
      await clock.elapse(1)
      assert.deepEqual(told, ['10.0.0.1:80', '10.0.0.2:80 [fe80::1]:80'])
    })
  }

  it('are asked for sooner after a failure, then more and more seldom', async t => {
    const clock = new FakeClock()
    const resolver = resolverOf(['ENOTFOUND', [], 'ESERVFAIL', [['10.0.0.1']]])
    const { told } = start(t, config, { clock, random: () => 0, resolver })
    for (const ms of [0, 500, 1000, 2000]) await clock.elapse(ms)
    assert.deepEqual(told, [
      'failed: DNS name shop: it does not exist in DNS',
      'failed: DNS name shop: it has no address',
      'failed: DNS name shop: no DNS answer (ESERVFAIL)',
      '10.0.0.1:80',
    ])
  })

  it('come from the SRV records of the best priority, at the addresses of their targets', async t => {
    const clock = new FakeClock()
    const resolver: DnsResolver = {
      services: async () => [
        { name: 'a', port: 81, priority: 1, weight: 4 },
        { name: 'b', port: 82, priority: 1, weight: 0 },
        { name: 'c', port: 83, priority: 2, weight: 9 },
      ],
      addresses: async name =>
        (name === 'a' ? ['10.0.0.1', '10.0.0.2'] : ['10.0.1.1']).map(address => ({ address })),
    }
    const srv: DiscoveryConfig = {
      kind: 'dnsSrv',
      config: { name: '_http._tcp.shop', refreshMs: 30_000, minRefreshMs: 5000 },
    }
    const { told } = start(t, srv, { clock, random: () => 0, resolver })
    await clock.elapse(0)
    assert.deepEqual(told, ['10.0.0.1:81*2 10.0.0.2:81*2 10.0.1.1:82'])
  })

  it('are told no more after the end', async t => {
    const clock = new FakeClock()
    const { told, running } = start(t, config, {
      clock,
      random: () => 0,
      resolver: resolverOf([[['10.0.0.1']]]),
    })
    running[Symbol.dispose]()
    await clock.elapse(100_000)
    assert.deepEqual(told, [])
    assert.equal(clock.pending, 0)
  })
})

describe('endpoints from a file', () => {
  it('are read again when the file changes, also by the swap of a symlink', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-endpoints-'))
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
    const path = join(folder, 'list.yaml')
    await writeFile(join(folder, '1.yaml'), 'endpoints: [{address: "10.0.0.1:80"}]\n')
    await writeFile(join(folder, '2.yaml'), '{"endpoints": [{"address": "/run/shop.sock", "weight": 3}]}\n')
    await writeFile(join(folder, '3.yaml'), 'endpoints: [{adress: "10.0.0.1:80"}]\n')
    await symlink('1.yaml', path)
    const { until } = start(t, { kind: 'file', config: { path } }, { clock: systemClock(), random: () => 0 })
    await until(1)
    for (const [count, target] of [
      [2, '2.yaml'],
      [3, '3.yaml'],
    ] as const) {
      await symlink(target, join(folder, 'next'))
      await rename(join(folder, 'next'), path)
      await until(count)
    }
    const told = await until(3)
    assert.deepEqual(told.slice(0, 2), ['10.0.0.1:80', '/run/shop.sock*3'])
    assert.match(told[2], /^failed: file .*list\.yaml: \[0/)
  })

  it('may be missing for now', async t => {
    const path = join(tmpdir(), 'outrigger-no-such-list.yaml')
    const { until } = start(t, { kind: 'file', config: { path } }, { clock: systemClock(), random: () => 0 })
    assert.deepEqual(await until(1), [`failed: file ${path}: it does not exist`])
  })
})

describe('the state of a feed', () => {
  const whole = '{"version":"1","endpoints":[{"address":"10.0.0.1:80"},{"address":"10.0.0.2:80"}]}'
  const keys = (state: FeedState, line: string) => {
    const step = state.apply(line)
    return step.kind === 'list'
      ? step.endpoints.map(keyOf).join(' ')
      : step.kind === 'broken'
        ? step.reason
        : ''
  }

  it('begins with the whole list, follows changes and survives signs of life', () => {
    const state = new FeedState()
    assert.equal(keys(state, whole), '10.0.0.1:80 10.0.0.2:80')
    assert.equal(keys(state, '{}'), '')
    const change = '{"version":"2","from":"1","set":[{"address":"10.0.0.3:80"}],"remove":["10.0.0.1:80","x"]}'
    assert.equal(keys(state, change), '10.0.0.2:80 10.0.0.3:80')
    assert.equal(state.version, '2')
    assert.equal(keys(state, '{"version":"9","endpoints":[]}'), '')
  })

  for (const [name, line, reason] of [
    ['that is not JSON', '{"version', 'a line is not a JSON object'],
    ['that is a list', '[]', 'a line is not a JSON object'],
    ['without a version', '{"set":[]}', 'a line lacks its `version`'],
    [
      'from another version',
      '{"version":"3","from":"2","set":[]}',
      'a change of version 2 came, version 1 is held',
    ],
    [
      'that removes nonsense',
      '{"version":"2","from":"1","remove":"x"}',
      '`remove` is not a list of addresses',
    ],
    [
      'with cluster IPs that are none',
      '{"version":"2","from":"1","clusterIPs":["10.96.0.555"]}',
      '`clusterIPs`: expected an IP address, or None, got "10.96.0.555"',
    ],
  ] as const) {
    it(`breaks at a line ${name}, and asks for the whole list then`, () => {
      const state = new FeedState()
      keys(state, whole)
      assert.equal(keys(state, line), reason)
      assert.equal(state.version, undefined)
    })
  }

  it('keeps the cluster IPs over changes that say nothing of them, and not over a whole list', () => {
    const state = new FeedState()
    const told = (line: string) => {
      const step = state.apply(line)
      return step.kind === 'list' ? step.clusterIPs : step.kind
    }
    assert.deepEqual(told(whole.replace('{', '{"clusterIPs":["10.96.0.5"],')), ['10.96.0.5'])
    assert.deepEqual(told('{"version":"2","from":"1","set":[]}'), ['10.96.0.5'])
    assert.deepEqual(told('{"version":"3","from":"2","clusterIPs":["None"]}'), ['None'])
    assert.equal(told(whole), undefined)
  })

  it('takes no list with a mistake in it', () => {
    assert.deepEqual(readEndpoints([{ address: '10.0.0.1:80' }, { address: 'x' }]).ok, false)
  })
})

describe('endpoints from a feed', () => {
  /** A server whose answers are given by the test, one function a request. */
  async function feed(t: TestContext, answers: ((response: ServerResponse) => void)[], silenceMs = 60_000) {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(
        `${request.url} ${request.headers['outrigger-feed-version']} ${request.headers.authorization}`,
      )
      const answer = answers.shift()
      if (answer) answer(response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}/feeds/shop?zone=a`
    const config: DiscoveryConfig = { kind: 'feed', config: { url, token: new Secret('t0ken'), silenceMs } }
    return { ...start(t, config, { clock: systemClock(), random: () => 0 }), asked, url }
  }

  it('follow its lines, however they are cut, and go on from the held version in the next answer', async t => {
    const { until, asked } = await feed(t, [
      response => {
        response.write('{"version":"1","endpoints":[{"address":"10.0.0.1:80"}]}\n{}\n{"version":"2","fr')
        setImmediate(() => response.end('om":"1","set":[{"address":"10.0.0.2:80"}]}\n'))
      },
      response => void response.write('{"version":"3","from":"2","remove":["10.0.0.1:80"]}\n'),
    ])
    assert.deepEqual(await until(3), ['10.0.0.1:80', '10.0.0.1:80 10.0.0.2:80', '10.0.0.2:80'])
    assert.deepEqual(asked, [
      '/feeds/shop?zone=a undefined Bearer t0ken',
      '/feeds/shop?zone=a 2 Bearer t0ken',
    ])
  })

  it('are asked for again after a refusal, nonsense, a broken connection and an answer without news', async t => {
    const { until, asked, url } = await feed(t, [
      response => void response.writeHead(503).end(),
      response => void response.end('hello\n'),
      response =>
        void response.write(
          '{"version":"1","endpoints":[]}\n',
          () => void setImmediate(() => response.destroy()),
        ),
      response => void response.writeHead(204).end(),
      response => void response.write('{"version":"2","endpoints":[{"address":"10.0.0.1:80"}]}\n'),
    ])
    const told = await until(5)
    assert.deepEqual(told.slice(0, 3), [
      `failed: feed ${url}: it answered 503`,
      `failed: feed ${url}: a line is not a JSON object`,
      '',
    ])
    assert.ok(told[3].startsWith('failed: '), told[3])
    assert.equal(told[4], '10.0.0.1:80')
    assert.equal(asked.at(-1), '/feeds/shop?zone=a 1 Bearer t0ken')
  })

  it('are asked for again after silence', async t => {
    const list = '{"version":"1","endpoints":[{"address":"10.0.0.1:80"}]}\n'
    const answers = Array.from({ length: 50 }, () => (response: ServerResponse) => void response.write(list))
    const { until } = await feed(t, [() => {}, ...answers], 150)
    const told = await until(2)
    assert.ok(told[0].startsWith('failed: '), told[0])
    while (!told.includes('10.0.0.1:80')) await until(told.length + 1)
  })
})
