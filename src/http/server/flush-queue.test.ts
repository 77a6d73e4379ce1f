import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlushQueue } from './flush-queue.ts'

const turn = () => new Promise<void>(resolve => setImmediate(resolve))

test('all that waits is flushed once, in order, when the turn ends; what comes meanwhile waits for the next', async () => {
  const queue = new FlushQueue()
  const flushed: string[] = []
  const late = { flush: () => void flushed.push('late') }
  queue.add({ flush: () => void flushed.push('one') })
  queue.add({
    flush: () => {
      flushed.push('two')
      queue.add(late)
    },
  })
  assert.deepEqual(flushed, [])
  await turn()
  assert.deepEqual(flushed, ['one', 'two'])
  await turn()
  await turn()
  assert.deepEqual(flushed, ['one', 'two', 'late'])
})
