import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Bed, bed } from './bed.fake.ts'
import { type FileLayer, nodeFiles, type WatchEvent } from './layer.ts'

/** Watches in the hands of the test. */
function watched() {
  const open = new Map<string, WatchEvent>()
  let opened = 0
  const layer: FileLayer = {
    ...nodeFiles(),
    watch: (folder, onEvent) => {
      opened++
      open.set(folder, onEvent)
      return { close: () => void open.delete(folder) }
    },
  }
  return { layer, open, opened: () => opened }
}

/** The time that changes are gathered passes, and what they lead to happens. */
async function gathered(made: Bed, lines: number): Promise<void> {
  await made.host.clock.elapse(200)
  for (let i = 0; i < 1000 && made.texts.length < lines; i++) await turn()
}

test('a write that the kernel reports is read without waiting for the next poll', async t => {
  const { layer, open } = watched()
  const made = await bed(t, { layer, before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  appendFileSync(made.path('app.log'), 'b\n')
  open.get(made.folder)!('changed', 'app.log')
  await gathered(made, 2)
  assert.deepEqual(made.texts, ['a', 'b'])
})

test('a new file that the kernel reports is found', async t => {
  const { layer, open } = watched()
  const made = await bed(t, { layer })
  writeFileSync(made.path('app.log'), 'a\n')
  open.get(made.folder)!('appeared', 'app.log')
  await gathered(made, 1)
  assert.deepEqual(made.texts, ['a'])
})

test('behind a symbolic link the folder of the target is watched', async t => {
  const { layer, open } = watched()
  const made = await bed(t, {
    layer,
    before: bed => {
      mkdirSync(bed.path('pod'))
      writeFileSync(bed.path('pod/0.log'), 'a\n')
      symlinkSync('pod/0.log', bed.path('app.log'))
    },
  })
  appendFileSync(made.path('pod/0.log'), 'b\n')
  open.get(made.path('pod'))!('changed', '0.log')
  await gathered(made, 2)
  assert.deepEqual(made.texts, ['a', 'b'])
})

test('a busy folder is not listened to until its changes are looked at, and then again', async t => {
  const { layer, open } = watched()
  const made = await bed(t, { layer, before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  const report = open.get(made.folder)!
  report('changed', 'app.log')
  assert.equal(open.has(made.folder), false)
  appendFileSync(made.path('app.log'), 'b\n')
  await gathered(made, 2)
  assert.equal(open.has(made.folder), true)
  assert.deepEqual(
    made.texts,
    ['a', 'b'],
    'which file changed is not known, so all of the folder are looked at',
  )
})

test('with many files in a folder only those are looked at that changed', async t => {
  const { layer, open } = watched()
  let looks = 0
  const counting: FileLayer = {
    ...layer,
    fstat: fd => {
      looks++
      return layer.fstat(fd)
    },
  }
  const made = await bed(t, {
    layer: counting,
    paths: ['*.log'],
    before: bed => {
      for (let i = 0; i < 20; i++) writeFileSync(bed.path(`${i}.log`), 'a\n')
    },
  })
  looks = 0
  appendFileSync(made.path('7.log'), 'b\n')
  open.get(made.folder)!('changed', '7.log')
  await gathered(made, 21)
  assert.equal(made.texts.at(-1), 'b')
  assert.equal(looks, 1)
})

test('without inotify everything is polled, which is said once and shown by the health', async t => {
  let exhausted = true
  const layer: FileLayer = {
    ...nodeFiles(),
    watch: () => {
      if (exhausted) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return { close() {} }
    },
  }
  const made = await bed(t, { layer, before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  for (let i = 2; i < 6; i++) {
    appendFileSync(made.path('app.log'), `${i}\n`)
    await made.host.clock.elapse(1000)
    for (let j = 0; j < 1000 && (made.texts.length < i || made.host.clock.pending === 0); j++) await turn()
    assert.equal(made.texts.length, i)
  }
  assert.equal(made.host.log.of('tail_watch_failed').length, 1)
  assert.match(made.tail.health().message!, /polled; raise fs.inotify.max_user_watches/)
  exhausted = false
  await made.round()
  assert.equal(made.tail.health().state, 'ok')
})

test('polls become rarer while nothing happens, and frequent again after a change that only they have seen', async t => {
  const { layer } = watched()
  const made = await bed(t, { layer, before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  const waits: number[] = []
  const next = async () => {
    waits.push(made.host.clock.nextMs!)
    await made.host.clock.elapse(made.host.clock.nextMs!)
    for (let i = 0; i < 1000 && made.host.clock.pending === 0; i++) await turn()
  }
  for (let i = 0; i < 4; i++) await next()
  appendFileSync(made.path('app.log'), 'b\n')
  await next()
  await next()
  assert.deepEqual(waits, [1000, 2000, 4000, 5000, 5000, 1000])
})

test('a folder that goes away and comes back is watched again', async t => {
  const { layer, open, opened } = watched()
  const made = await bed(t, {
    layer,
    paths: ['sub/*.log'],
    before: bed => mkdirSync(bed.path('sub')),
  })
  renameSync(made.path('sub'), made.path('gone'))
  await made.round()
  assert.equal(open.size, 0)
  mkdirSync(made.path('sub'))
  await made.round()
  assert.equal(opened(), 2)
})

test('the real kernel reports a write', { timeout: 10_000 }, async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  appendFileSync(made.path('app.log'), 'b\n')
  // Only the gathering is due, not the poll.
  while (made.host.clock.pending < 2) await turn()
  await gathered(made, 2)
  assert.deepEqual(made.texts, ['a', 'b'])
})
