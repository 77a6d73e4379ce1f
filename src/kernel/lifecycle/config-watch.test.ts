import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Clock } from '../clock/clock.ts'
import { FakeClock } from '../clock/fake.ts'
import { systemClock } from '../clock/system.ts'
import { ConfigWatch } from './config-watch.ts'

async function setUp(t: TestContext, clock: Clock) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-watch-'))
  let changes = 0
  let changed = Promise.withResolvers<void>()
  const watch = new ConfigWatch(clock, () => {
    changes++
    changed.resolve()
    changed = Promise.withResolvers<void>()
  })
  t.after(async () => {
    watch[Symbol.dispose]()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  return { folder, watch, changes: () => changes, changed: () => changed.promise }
}

/** As the kubelet does it: a new folder, then `..data` is renamed over to it. */
async function mount(folder: string, version: string, text: string): Promise<void> {
  await mkdir(join(folder, `..${version}`))
  await writeFile(join(folder, `..${version}`, 'outrigger.yaml'), text)
  await symlink(`..${version}`, join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, '..data'))
}

describe('a change is noticed at once', () => {
  test('of a file that is written', async t => {
    const { folder, watch, changed } = await setUp(t, systemClock())
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, 'a: 1')
    await watch.watch([path])
    const noticed = changed()
    await writeFile(path, 'a: 22')
    await noticed
  })

  test('of a file that is replaced, again and again', async t => {
    const { folder, watch, changed } = await setUp(t, systemClock())
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, 'a: 1')
    await watch.watch([path])
    for (const text of ['a: 2', 'a: 3']) {
      const noticed = changed()
      await writeFile(`${path}.new`, text)
      await rename(`${path}.new`, path)
      await noticed
    }
  })

  test('of a mounted ConfigMap', async t => {
    const { folder, watch, changed } = await setUp(t, systemClock())
    await mount(folder, 'one', 'a: 1')
    await symlink(join('..data', 'outrigger.yaml'), join(folder, 'outrigger.yaml'))
    await watch.watch([join(folder, 'outrigger.yaml')])
    const noticed = changed()
    await mount(folder, 'two', 'a: 1')
    await noticed
  })

  test('of a file in a folder in which others are written all the time', async t => {
    const { folder, watch, changed } = await setUp(t, systemClock())
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, 'a: 1')
    await watch.watch([path])
    const noticed = changed()
    await writeFile(path, 'a: 22')
    let isNoticed = false
    void noticed.then(() => {
      isNoticed = true
    })
    for (let n = 0; n < 200 && !isNoticed; n++) {
      await writeFile(join(folder, 'app.log'), `${n}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    assert.ok(isNoticed)
  })

  test('of a folder that gets another file', async t => {
    const { folder, watch, changed } = await setUp(t, systemClock())
    await watch.watch([folder])
    const noticed = changed()
    await writeFile(join(folder, 'more.yaml'), 'b: 1')
    await noticed
  })
})

describe('a change between the reading of a file and its watch', () => {
  test('is noticed where a mark was taken before the reading', async t => {
    const clock = new FakeClock()
    const { folder, watch, changed } = await setUp(t, clock)
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, 'a: 1')
    await watch.watch([path])
    const mark = await watch.mark()
    await writeFile(path, 'a: 22')
    const noticed = changed()
    await watch.watch([path], mark)
    clock.advance(1000)
    await noticed
  })

  test('is none where nothing was written', async t => {
    const clock = new FakeClock()
    const { folder, watch, changes } = await setUp(t, clock)
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, 'a: 1')
    await watch.watch([path])
    await watch.watch([path], await watch.mark())
    clock.advance(1000)
    await watch.look()
    assert.equal(changes(), 0)
  })
})

describe('the polling net', () => {
  test('finds what no notification told, once', async t => {
    const clock = new FakeClock()
    const { folder, watch, changes } = await setUp(t, clock)
    const path = join(folder, 'outrigger.yaml')
    await watch.watch([path])
    await writeFile(path, 'a: 1')
    clock.advance(10_000)
    await watch.look()
    assert.equal(changes(), 1)
    clock.advance(10_000)
    await watch.look()
    assert.equal(changes(), 1)
  })

  test('leaves a folder alone whose other files change', async t => {
    const { folder, watch, changes } = await setUp(t, new FakeClock())
    await watch.watch([folder])
    await writeFile(join(folder, 'notes.txt'), 'x')
    await writeFile(join(folder, '.hidden.yaml'), 'x')
    await watch.look()
    assert.equal(changes(), 0)
  })

  test('ends with the watch', async t => {
    const clock = new FakeClock()
    const { folder, watch, changes } = await setUp(t, clock)
    await watch.watch([join(folder, 'outrigger.yaml')])
    watch[Symbol.dispose]()
    await writeFile(join(folder, 'outrigger.yaml'), 'x')
    await watch.look()
    assert.equal(changes(), 0)
    assert.equal(clock.pending, 0)
  })
})
