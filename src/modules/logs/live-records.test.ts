import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { listen, RawPeer } from '../../http/raw-peer-fake.ts'
import { createHttpServer } from '../../http/server/server.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { fakeHost } from '../../kernel/host-fake.ts'
import { LiveRecords } from './live-records.ts'
import { fakeBatch } from './spool/batch-fake.ts'

async function setUp(t: TestContext) {
  const host = fakeHost({ name: 'logs', clock: systemClock() })
  const live = host.scope.use(new LiveRecords(host))
  const admin = createHttpServer({
    clock: host.clock,
    handler: (request, response) => host.routes.find(request.path)?.methods['GET']?.(request, response),
  })
  const { port, server } = await listen(admin.accept)
  t.after(async () => {
    admin.close()
    server.close()
    await host.close()
  })
  const ask = async (query: string) => {
    const peer = await RawPeer.connect(port)
    t.after(() => peer.socket.destroy())
    peer.say(`GET /logs/tail${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    return { peer, head: await peer.hears(/\r\n\r\n/) }
  }
  return { host, live, ask }
}

describe('the live records', () => {
  it('are shown with their time, input, path and tag', async t => {
    const { live, ask } = await setUp(t)
    const { peer, head } = await ask('')
    assert.match(head, /^HTTP\/1.1 200 OK\r\n/)
    live.show([fakeBatch(['{"n":1}'], { path: '/a.log', timeMs: 1000 })])
    await peer.hears(
      /\{"time":"1970-01-01T00:00:01\.000Z","input":"tail","path":"\/a\.log","tag":"tail","record":\{"n":1\}\}\n/,
    )
  })

  it('can be chosen by input, tag and condition', async t => {
    const { live, ask } = await setUp(t)
    const { peer } = await ask(`?input=tail&tag=ta*&when=${encodeURIComponent('n > 1')}`)
    const other = await ask('?tag=kube.*')
    live.show([fakeBatch(['{"n":1}', '{"n":2}', 'not json'])])
    const text = await peer.hears(/"n":2\}\}\n/)
    assert.doesNotMatch(text, /"n":1/)
    live[Symbol.dispose]()
    assert.doesNotMatch(await other.peer.hears(/\r\n0\r\n\r\n$/), /"n"/)
  })

  it('are a sample when there are many, and say how many were not shown', async t => {
    const { host, live, ask } = await setUp(t)
    const { peer } = await ask('')
    const many = Array.from({ length: 200 }, (_, n) => `{"n":${n}}`)
    live.show([fakeBatch(many)])
    await peer.hears(/"n":49\}\}\n/)
    assert.equal(host.metric('live_records_skipped_total'), 150)
  })

  for (const [query, problem] of [
    ['?colour=red', /there is no filter colour; there are input, tag, when/],
    ['?when=n%20%3E', /when: column 4: expected a value/],
    ['?tag=%2F(%2F', /tag: /],
  ] as const)
    it(`refuse ${query} and say why`, async t => {
      const { ask } = await setUp(t)
      const { peer, head } = await ask(query)
      assert.match(head, /^HTTP\/1.1 400 /)
      await peer.hears(problem)
    })
})
