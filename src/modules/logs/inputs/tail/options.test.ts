import assert from 'node:assert/strict'
import { appendFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { bed, folderIn } from './bed.fake.ts'
import { type FileLayer, nodeFiles } from './layer.ts'

const DAY_S = 24 * 3600

suite('options of tail', () => {
  for (const [longLines, expected] of [
    ['split', ['a', 'x'.repeat(1024), `x${'y'.repeat(1023)}`, 'y', 'b']],
    ['truncate', ['a', 'x'.repeat(1024), 'b']],
    ['skip', ['a', 'b']],
  ] as const) {
    test(`longLines: ${longLines}, also across reads`, async t => {
      const made = await bed(t, { config: { longLines, maxLine: '1KiB' }, readBytes: 700 })
      writeFileSync(made.path('app.log'), `a\n${'x'.repeat(1025)}${'y'.repeat(1024)}\nb\n`)
      await made.round()
      assert.deepEqual(made.texts, expected)
      assert.equal(made.count('shortened_lines_total'), longLines === 'split' ? 0 : 1)
    })
  }

  test('newFilesAt: end leaves out what stands in a file that appears, and reads what comes', async t => {
    const made = await bed(t, { paths: ['*.log'], config: { newFilesAt: 'end' } })
    writeFileSync(made.path('a.log'), 'old\n')
    await made.round()
    appendFileSync(made.path('a.log'), 'new\n')
    await made.round()
    assert.deepEqual(made.texts, ['new'])
    await made.restart()
    appendFileSync(made.path('a.log'), 'newer\n')
    await made.round()
    assert.deepEqual(made.texts, ['new', 'newer'])
  })

  test('ignoreOlder leaves old files out, and reads on where they grow', async t => {
    const made = await bed(t, {
      paths: ['*.log'],
      config: { ignoreOlder: '24h' },
      before: made => {
        for (const name of ['old.log', 'young.log']) writeFileSync(made.path(name), `${name}\n`)
      },
    })
    // The clock of the test stands at its own day; files are as old as it says.
    const nowS = made.host.clock.now() / 1000
    utimesSync(made.path('old.log'), nowS - 2 * DAY_S, nowS - 2 * DAY_S)
    utimesSync(made.path('young.log'), nowS - 60, nowS - 60)
    made.received.length = 0
    made.positions.clear()
    await made.restart()
    await made.tail.settled()
    assert.deepEqual(made.texts, ['young.log'])
    appendFileSync(made.path('old.log'), 'grown\n')
    utimesSync(made.path('old.log'), nowS, nowS)
    await made.round()
    assert.deepEqual(made.texts, ['young.log', 'grown'])
    assert.equal(
      made.positions.get(
        [...made.positions.keys()].find(key => made.positions.get(key)?.path.endsWith('old.log'))!,
      )?.offset,
      statSync(made.path('old.log')).size,
    )
  })

  test('tagPattern takes parts of the path into the tag', async t => {
    const made = await bed(t, {
      paths: ['pods/*.log'],
      config: { tagPattern: '/(?<pod>[^_/]+)_(?<namespace>[^_]+)_(?<container>[^_]+)\\.log$' },
      tag: 'kube.<namespace>.<pod>.<container>',
      before: made => {
        folderIn(made, 'pods')
        writeFileSync(made.path('pods/web-1_shop_nginx.log'), 'x\n')
        writeFileSync(made.path('pods/other.log'), 'y\n')
      },
    })
    const tags = made.calls.map(({ origin }) => origin.tag).sort()
    assert.deepEqual(tags, ['kube.shop.web-1.nginx', 'kube.unknown.unknown.unknown'])
  })

  test('watch: false asks the kernel for nothing', async t => {
    let watched = 0
    const layer: FileLayer = {
      ...nodeFiles(),
      watch: () => {
        watched++
        return { close() {} }
      },
    }
    const made = await bed(t, { config: { watch: false }, layer })
    writeFileSync(made.path('app.log'), 'x\n')
    await made.round()
    assert.deepEqual([made.texts, watched], [['x'], 0])
  })

  test('maxRate reads of each file what it may in its time, and others meanwhile', async t => {
    const made = await bed(t, { paths: ['*.log'], config: { maxRate: '1KiB' }, readBytes: 1024 })
    writeFileSync(made.path('loud.log'), `${'x'.repeat(511)}\n`.repeat(8))
    await made.round()
    assert.equal(made.received.length, 2)
    writeFileSync(made.path('quiet.log'), 'a\n')
    await made.round()
    assert.deepEqual(
      made.received.map(({ path }) => path),
      ['loud.log', 'loud.log', 'quiet.log'],
    )
    made.host.clock.advance(1100)
    await made.round()
    assert.equal(made.received.length, 5)
    // What ends is read without measure.
    await made.tail.drain({ signal: new AbortController().signal } as Parameters<typeof made.tail.drain>[0])
    assert.equal(made.received.length, 9)
  })

  test('maxLag gives the oldest up when too much waits, at a line, and counts it', async t => {
    const made = await bed(t, { config: { maxLag: { size: '64KiB' } } })
    made.block()
    const line = (n: number) => `${String(n).padStart(99, '0')}\n`
    writeFileSync(made.path('app.log'), Array.from({ length: 2000 }, (_, n) => line(n)).join(''))
    await made.tail.poll()
    await made.tail.poll()
    made.release()
    await made.round()
    const given = made.count('given_up_bytes_total') ?? 0
    assert.ok(given >= 200_000 - 2 * 65_536 && given % 100 === 0, `${given}`)
    assert.equal(made.texts.length, 2000 - given / 100)
    assert.ok(made.texts.every(text => text.length === 99))
    assert.equal(made.texts.at(-1), line(1999).trimEnd())
  })

  test('maxLag lets a deleted file go after its age', async t => {
    const made = await bed(t, { config: { maxLag: { age: '1h' } }, readBytes: 64 })
    made.block()
    writeFileSync(made.path('app.log'), 'x\n'.repeat(500))
    await made.tail.poll()
    unlinkSync(made.path('app.log'))
    await made.tail.poll()
    assert.equal(made.host.metric('tail_open_files', { input: 'tail' }), 1)
    made.host.clock.advance(3_700_000)
    await made.tail.poll()
    assert.equal(made.host.metric('tail_open_files', { input: 'tail' }), 0)
    assert.ok((made.count('given_up_bytes_total') ?? 0) > 0)
    made.release()
    await made.round()
  })

  test('each line tells where it begins', async t => {
    const made = await bed(t, { readBytes: 8 })
    writeFileSync(made.path('app.log'), 'one\ntwo\n\nthree\n')
    await made.round()
    const offsets = made.calls.flatMap(lines =>
      Array.from({ length: lines.count }, (_, i) => lines.offsetAt!(i)),
    )
    assert.deepEqual(offsets, [0, 4, 8, 9])
    const marks = made.calls.flatMap(lines =>
      Array.from({ length: lines.count }, (_, i) => lines.positionAt!(i)),
    )
    for (const position of marks) {
      made.received.length = 0
      const { path } = [...made.positions.values()][0]
      made.positions.set(position.file, { ...position, path })
      await made.restart()
      await made.tail.settled()
      const rest = 'one\ntwo\n\nthree\n'.slice(position.offset).split('\n').slice(0, -1)
      assert.deepEqual(made.texts, rest, `from ${position.offset}`)
    }
  })
})
