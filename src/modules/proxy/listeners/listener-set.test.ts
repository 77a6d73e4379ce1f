import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { turns } from '../../../http/raw-peer-fake.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { rawBackend, startProxy } from '../proxy-fake.ts'

describe('the tunnels of a listener that a reload', () => {
  for (const [what, listeners, goesOn] of [
    ['replaces go on for as long as their ends like', [{ name: 'renamed' }], true],
    ['takes away may go on for half a minute', [{ name: 'other', listen: '127.0.0.2:0' }], false],
  ] as const)
    test(what, async t => {
      const back = await rawBackend()
      t.after(() => back.close())
      const clock = new FakeClock()
      await using proxy = await startProxy([back.address], { protocol: 'tcp' }, clock)
      const client = await proxy.client()
      client.say('one')
      const peer = await back.next()
      await peer.hears(/one/)
      assert.equal(await proxy.running.update!(proxy.configured(listeners[0])), true)
      await turns()
      clock.advance(29_000)
      client.say('two')
      await peer.hears(/two/)
      clock.advance(2_000)
      if (goesOn) {
        client.say('three')
        await peer.hears(/three/)
      } else await client.gone()
    })
})
