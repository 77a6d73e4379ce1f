import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryLog } from '../log/memory.ts'
import { Registry } from '../metrics/registry.ts'
import { measuredShares } from './loop-metrics.ts'
import { LoopShare, SLICE_MS } from './turns.ts'

function setUp() {
  let now = 0
  const held: [who: string, ms: number, doing: string][] = []
  const loop = new LoopShare(() => now)
  const share = (who: string) => loop.module((ms, doing) => held.push([who, ms, doing]))
  const work = (ms: number) => {
    now += ms
  }
  return { share, work, held }
}

describe('slice', () => {
  test('is free while its time is not used up, then gives the loop away', async () => {
    const { share, work } = setUp()
    const { slice } = share('logs')
    assert.equal(slice(), undefined)
    work(SLICE_MS / 2)
    assert.equal(slice(), undefined)
    work(SLICE_MS / 2)
    let othersRan = false
    setImmediate(() => {
      othersRan = true
    })
    const turn = slice()
    assert.ok(turn instanceof Promise)
    await turn
    assert.equal(othersRan, true)
    assert.equal(slice(), undefined)
  })

  test('gives each part of a module that waits a turn of its own, in the order in which they came', async () => {
    const { share, work } = setUp()
    const { slice } = share('logs')
    slice()
    work(SLICE_MS)
    const turns: string[] = []
    const part = async (name: string) => {
      await slice()
      turns.push(name)
      work(SLICE_MS)
    }
    const others = () =>
      setImmediate(() => {
        turns.push('others')
        if (!turns.includes('third')) others()
      })
    const parts = [part('first'), part('second'), part('third')]
    others()
    await Promise.all(parts)
    assert.match(turns.join(' '), /^(others )+first (others )+second (others )+third$/)
  })

  test("is each module's own", () => {
    const { share, work } = setUp()
    const [logs, proxy] = [share('logs'), share('proxy')]
    logs.slice()
    work(SLICE_MS)
    assert.ok(logs.slice())
    assert.equal(proxy.slice(), undefined)
  })

  test('begins anew with the next turn of the loop', async () => {
    const { share, work } = setUp()
    const { slice } = share('logs')
    slice()
    await new Promise(resolve => setImmediate(resolve))
    work(50)
    assert.equal(slice(), undefined)
  })
})

describe('who held the loop', () => {
  test('is known of callbacks, once though they are nested', () => {
    const { share, work, held } = setUp()
    const [logs, proxy] = [share('logs'), share('proxy')]
    logs.run('timer', () => {
      work(3)
      proxy.run('connection', () => work(4))
    })
    assert.deepEqual(held, [['logs', 7, 'timer']])
  })

  test('is known of a callback that throws', () => {
    const { share, work, held } = setUp()
    const fail = () => {
      work(3)
      throw new Error('no')
    }
    assert.throws(() => share('logs').run('timer', fail), /no/)
    assert.deepEqual(held, [['logs', 3, 'timer']])
  })

  test('is known of slices, without what others did meanwhile', () => {
    const { share, work, held } = setUp()
    const [logs, proxy] = [share('logs'), share('proxy')]
    logs.slice()
    work(1)
    proxy.run('timer', () => work(30))
    logs.slice()
    assert.deepEqual(held, [
      ['proxy', 30, 'timer'],
      ['logs', 1, 'slice'],
    ])
  })

  test('moves the metrics, and is said when everybody felt it', () => {
    const registry = new Registry()
    const log = new MemoryLog()
    let now = 0
    const shares = measuredShares(new LoopShare(() => now), registry.view('kernel'), log)
    const logs = shares('logs')
    for (const ms of [1, 5, 120]) {
      logs.run('timer', () => {
        now += ms
      })
    }
    const value = (name: string) => registry.collect().find(family => family.name === name)!.samples[0]!.value
    assert.equal(value('outrigger_kernel_loop_held_seconds'), 0.126)
    assert.equal(value('outrigger_kernel_loop_holds'), 2)
    assert.deepEqual(
      log.of('loop_held').map(({ fields }) => fields),
      [{ held_by: 'logs', doing: 'timer', held_ms: 120 }],
    )
  })
})
