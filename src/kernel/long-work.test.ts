import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inTurns } from './long-work.ts'

function* threeSteps(done: string[]): Generator<void, string> {
  for (const step of ['one', 'two']) {
    done.push(step)
    yield
  }
  done.push('three')
  return 'result'
}

describe('long work', () => {
  it('asks before each step whether others are to have the loop, and waits for them', async () => {
    const done: string[] = []
    let asked = 0
    const slice = () => {
      if (++asked !== 2) return undefined
      return new Promise<void>(resolve =>
        setImmediate(() => {
          done.push('others')
          resolve()
        }),
      )
    }
    assert.equal(await inTurns(threeSteps(done), slice), 'result')
    assert.deepEqual(done, ['one', 'others', 'two', 'three'])
    assert.equal(asked, 3)
  })
})
