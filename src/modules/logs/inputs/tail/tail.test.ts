import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { bed } from './bed.fake.ts'
import { tailConfig } from './config.ts'
import { type FileLayer, nodeFiles } from './layer.ts'

const failure = (code: string) => Object.assign(new Error(`${code}: made up`), { code })

/** Promises and reads that are under way come to their end, unless something waits on purpose. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000; i++) {
    if (condition()) return
    await turn()
  }
  assert.fail('never came true')
}

test('the position lies right behind the last line feed, and counts only once the sink has taken the lines', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\nbb\nhalf') })
  const [{ offset, file, mark }] = made.positions.values()
  assert.equal(offset, 5)
  assert.match(file, /^[0-9a-f]+:[0-9a-f]+$/)
  assert.match(mark!, /^5-[0-9a-f]{16}\/5-[0-9a-f]{16}$/)
  assert.equal(made.calls[0].readAtMs, made.host.clock.now())
  assert.equal(made.calls[0].origin.input, 'tail')
})

test('lines that were not safe at a crash are read again, and no others', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  made.block()
  appendFileSync(made.path('app.log'), 'b\n')
  await made.tail.poll()
  await until(() => made.calls.length === 2)
  await made.restart()
  await made.tail.settled()
  assert.deepEqual(made.texts, ['a', 'b'])
})

test('lines that the sink refuses are read again', async t => {
  const made = await bed(t, { readBytes: 64 })
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i}`)
  made.refuse(2)
  writeFileSync(made.path('app.log'), `${lines.join('\n')}\n`)
  await made.round()
  assert.deepEqual(made.texts, [])
  assert.equal(made.host.log.of('tail_sink_failed').length, 1)
  made.host.clock.advance(1000)
  await made.round()
  made.host.clock.advance(1000)
  await made.round()
  assert.deepEqual(made.texts, lines)
})

test('a sink that waits stops the reading: one chunk with it, one read ahead', async t => {
  let reads = 0
  const real = nodeFiles()
  const layer: FileLayer = {
    ...real,
    read: (fd, bytes, position) => {
      reads++
      return real.read(fd, bytes, position)
    },
  }
  const made = await bed(t, { layer, readBytes: 64 })
  writeFileSync(made.path('app.log'), '')
  await made.round()
  made.block()
  writeFileSync(made.path('app.log'), '0123456\n'.repeat(100))
  await made.tail.poll()
  await until(() => reads === 2)
  await turn()
  assert.equal(reads, 2)
  assert.equal(made.calls.length, 1)
  assert.equal(made.host.metric('tail_lag_bytes', { input: 'tail', file: made.path('app.log') }), 800)
  made.release()
  await made.tail.settled()
  assert.equal(made.texts.length, 100)
  assert.equal(made.host.metric('tail_lag_bytes', { input: 'tail', file: made.path('app.log') }), 0)
})

test('files with much to read take turns', async t => {
  const made = await bed(t, { paths: ['*.log'], readBytes: 64 })
  // Both are open before there is much: opening takes as long as the machine likes.
  for (const name of ['a.log', 'b.log']) writeFileSync(made.path(name), 'first\n')
  await made.round()
  made.calls.length = 0
  for (const name of ['a.log', 'b.log']) appendFileSync(made.path(name), '0123456\n'.repeat(100))
  await made.round()
  const order = made.calls.map(({ origin }) => origin.path.at(-5)).join('')
  assert.equal(order.length, 26)
  // One read of a file may be slower than two of the other, but none waits for the other's end.
  const first = order.slice(0, Math.min(order.lastIndexOf('a'), order.lastIndexOf('b')))
  for (const name of ['a', 'b']) assert.ok(first.split(name).length - 1 >= 4, order)
})

test('a new file is announced before anything of it is read, so that its rest is found if it is renamed meanwhile', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), '') })
  assert.equal(made.announced.length, 1)
  await made.crash()
  writeFileSync(made.path('app.log'), 'a\n')
  renameSync(made.path('app.log'), made.path('app.log.1'))
  writeFileSync(made.path('app.log'), 'b\n')
  await made.start()
  await made.round()
  assert.deepEqual(made.texts.sort(), ['a', 'b'])
})

test('one call per file at a time, in order', async t => {
  const made = await bed(t, { readBytes: 64 })
  const lines = Array.from({ length: 200 }, (_, i) => `${i}`)
  writeFileSync(made.path('app.log'), `${lines.join('\n')}\n`)
  await made.round()
  assert.deepEqual(made.texts, lines)
})

test('a line longer than one read is read whole', async t => {
  const made = await bed(t, { readBytes: 64 })
  const long = 'x'.repeat(900)
  writeFileSync(made.path('app.log'), `a\n${long}\nb\n`)
  await made.round()
  assert.deepEqual(made.texts, ['a', long, 'b'])
  assert.ok(made.received.every(({ piece }) => !piece))
})

test('a line longer than maxLine becomes pieces, also across a restart, and the file goes on', async t => {
  const made = await bed(t, { readBytes: 64, config: { maxLine: '1KiB' } })
  writeFileSync(made.path('app.log'), `a\n${'x'.repeat(1500)}`)
  await made.round()
  await made.restart()
  appendFileSync(made.path('app.log'), `${'x'.repeat(1000)}\nb\n`)
  await made.round()
  const pieces = made.received.slice(1, -1)
  assert.equal(pieces.map(({ text }) => text).join(''), 'x'.repeat(2500))
  assert.ok(pieces.every(({ piece, text }) => piece && text.length <= 1024))
  assert.deepEqual(
    [made.received[0], made.received.at(-1)!].map(({ text, piece }) => [text, piece]),
    [
      ['a', false],
      ['b', false],
    ],
  )
})

test('bytes are handed on as they are: CR LF cut off, invalid UTF-8 kept', async t => {
  const made = await bed(t)
  writeFileSync(made.path('app.log'), Buffer.from([0x61, 13, 10, 0xff, 0xc3, 10]))
  await made.round()
  const [{ bytes, starts, ends }] = made.calls
  assert.deepEqual([...bytes.subarray(starts[0], ends[0])], [0x61])
  assert.deepEqual([...bytes.subarray(starts[1], ends[1])], [0xff, 0xc3])
})

test('a character that is written in two halves arrives whole', async t => {
  const made = await bed(t)
  appendFileSync(made.path('app.log'), Buffer.from([0xe2, 0x82]))
  await made.round()
  appendFileSync(made.path('app.log'), Buffer.from([0xac, 10]))
  await made.round()
  assert.deepEqual(made.texts, ['€'])
})

test('startAt end leaves out what is there at the very first start, whole lines only, and nothing later', async t => {
  const made = await bed(t, {
    paths: ['*.log'],
    config: { startAt: 'end' },
    before: bed => writeFileSync(bed.path('a.log'), 'old\nhalf'),
  })
  appendFileSync(made.path('a.log'), ' whole\n')
  writeFileSync(made.path('b.log'), 'later\n')
  await made.round()
  assert.deepEqual(made.texts.sort(), ['half whole', 'later'])
  await made.crash()
  writeFileSync(made.path('c.log'), 'while down\n')
  appendFileSync(made.path('a.log'), 'while down too\n')
  await made.start()
  await made.round()
  assert.deepEqual(made.texts.slice(2).sort(), ['while down', 'while down too'])
})

test('excluded files are left alone', async t => {
  const made = await bed(t, {
    paths: ['**/*.log'],
    config: { exclude: ['debug*'] },
    before: bed => {
      mkdirSync(bed.path('deep/er'), { recursive: true })
      writeFileSync(bed.path('deep/er/app.log'), 'a\n')
      writeFileSync(bed.path('deep/debug.log'), 'b\n')
    },
  })
  assert.deepEqual(made.texts, ['a'])
})

test('drain takes what is there, with the last line that has no end, and then nothing more', async t => {
  const made = await bed(t, { readBytes: 64 })
  writeFileSync(made.path('app.log'), `${'0123456\n'.repeat(50)}last words`)
  await made.tail.drain({ remainingMs: () => 1000, signal: new AbortController().signal })
  assert.equal(made.texts.length, 51)
  assert.equal(made.texts.at(-1), 'last words')
  appendFileSync(made.path('app.log'), 'more\n')
  await made.tail.poll()
  assert.equal(made.texts.length, 51)
  await made.restart()
  await made.round()
  assert.deepEqual(made.received.at(-1), { text: 'more', path: 'app.log', piece: true })
})

test('drain ends at the deadline although the sink still waits', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), '') })
  made.block()
  writeFileSync(made.path('app.log'), 'a\n')
  const deadline = new AbortController()
  const drained = made.tail.drain({ remainingMs: () => 0, signal: deadline.signal })
  await until(() => made.calls.length === 1)
  deadline.abort()
  await drained
  assert.deepEqual(
    [...made.positions.values()].map(({ offset }) => offset),
    [0],
  )
})

interface Trouble {
  readonly name: string
  readonly paths: readonly string[]
  readonly arrange: (path: (name: string) => string) => void
  readonly message: RegExp
  readonly mend: (path: (name: string) => string) => void
}

const troubles: readonly Trouble[] = [
  {
    name: 'a path that is a folder',
    paths: ['ok.log', 'sub'],
    arrange: path => mkdirSync(path('sub')),
    message:
      /^logs\.inputs\[0\]\.tail\.paths\[1\]: .*\/sub is a folder, expected a file; write .*\/sub\/\*\.log/,
    mend: path => {
      rmSync(path('sub'), { recursive: true, maxRetries: 9 })
      writeFileSync(path('sub'), 'mended\n')
    },
  },
  {
    name: 'a folder that does not exist yet',
    paths: ['ok.log', 'sub/app.log'],
    arrange: () => {},
    message: /^logs\.inputs\[0\]\.tail\.paths\[1\]: the folder .*\/sub does not exist yet/,
    mend: path => {
      mkdirSync(path('sub'))
      writeFileSync(path('sub/app.log'), 'mended\n')
    },
  },
  {
    name: 'a folder of a glob that does not exist yet',
    paths: ['ok.log', 'sub/*.log'],
    arrange: () => {},
    message: /^logs\.inputs\[0\]\.tail\.paths\[1\]: the folder .*\/sub does not exist yet/,
    mend: path => {
      mkdirSync(path('sub'))
      writeFileSync(path('sub/app.log'), 'mended\n')
    },
  },
]

for (const { name, paths, arrange, message, mend } of troubles) {
  test(`${name} is told once, shown by the health, and mended without a restart`, async t => {
    const made = await bed(t, {
      paths,
      before: bed => {
        writeFileSync(bed.path('ok.log'), 'a\n')
        arrange(path => bed.path(path))
      },
    })
    await made.round()
    assert.deepEqual(made.texts, ['a'])
    const health = made.tail.health()
    assert.equal(health.state, 'degraded')
    assert.equal(health.ready, true)
    assert.match(health.message!, message)
    assert.equal(made.host.log.records.filter(({ level }) => level === 'warn').length, 1)
    mend(path => made.path(path))
    await made.round()
    assert.deepEqual(made.texts, ['a', 'mended'])
    assert.equal(made.tail.health().state, 'ok')
  })
}

for (const operation of ['open', 'read'] as const) {
  test(`a file that cannot be ${operation === 'open' ? 'opened' : 'read'} does not stop the others, and is tried again`, async t => {
    let broken = true
    const real = nodeFiles()
    const bad = new Set<number>()
    const layer: FileLayer = {
      ...real,
      open: async path => {
        const isBad = broken && path.endsWith('bad.log')
        if (isBad && operation === 'open') throw failure('EACCES')
        const fd = await real.open(path)
        if (isBad) bad.add(fd)
        return fd
      },
      read: (fd, bytes, position) =>
        broken && bad.has(fd) ? Promise.reject(failure('EIO')) : real.read(fd, bytes, position),
    }
    const made = await bed(t, {
      layer,
      paths: ['*.log'],
      before: bed => {
        writeFileSync(bed.path('bad.log'), 'b\n')
        writeFileSync(bed.path('ok.log'), 'a\n')
      },
    })
    assert.deepEqual(made.texts, ['a'])
    assert.match(
      made.tail.health().message!,
      operation === 'open' ? /paths: .*bad\.log.*EACCES.*permission/ : /EIO/,
    )
    assert.equal(made.count('read_errors_total'), 1)
    broken = false
    made.host.clock.advance(1000)
    await made.round()
    assert.deepEqual(made.texts, ['a', 'b'])
    assert.equal(made.tail.health().state, 'ok')
  })
}

test('over maxOpenFiles idle files are closed, and opened again when they grow', async t => {
  const made = await bed(t, { paths: ['*.log'], config: { maxOpenFiles: 2 } })
  for (const name of ['a', 'b', 'c', 'd']) {
    writeFileSync(made.path(`${name}.log`), `${name}\n`)
    await made.round()
  }
  assert.deepEqual(made.texts, ['a', 'b', 'c', 'd'])
  for (const name of ['a', 'b', 'c', 'd']) {
    appendFileSync(made.path(`${name}.log`), `${name} again\n`)
    await made.round()
  }
  assert.deepEqual(made.texts.slice(4), ['a again', 'b again', 'c again', 'd again'])
  assert.equal(made.host.metric('tail_open_files', { input: 'tail' }), 2)
  assert.equal(made.tail.health().state, 'ok')
})

test('over maxOpenFiles with none of them idle the others wait, and the health says so', async t => {
  const made = await bed(t, {
    paths: ['*.log'],
    config: { maxOpenFiles: 1 },
    before: bed => writeFileSync(bed.path('a.log'), ''),
  })
  made.block()
  writeFileSync(made.path('a.log'), 'a\n')
  await made.tail.poll()
  await until(() => made.calls.length === 1)
  writeFileSync(made.path('b.log'), 'b\n')
  await made.tail.poll()
  assert.match(made.tail.health().message!, /maxOpenFiles: 1 files are open/)
  made.release()
  await made.tail.settled()
  await made.round()
  await made.round()
  assert.deepEqual(made.texts, ['a', 'b'])
})

test('bytes that wait for half a minute without progress are a problem', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), '') })
  made.block()
  writeFileSync(made.path('app.log'), 'a\n')
  await made.tail.poll()
  await until(() => made.calls.length === 1)
  made.host.clock.advance(31_000)
  await made.tail.poll()
  assert.match(made.tail.health().message!, /2 bytes wait since 31 s: the spool does not take more/)
  made.release()
  await made.tail.settled()
  assert.equal(made.tail.health().state, 'ok')
})

test('the lag of a file that is gone is no longer shown', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\nhalf') })
  const lag = () => made.host.metric('tail_lag_bytes', { input: 'tail', file: made.path('app.log') })
  assert.equal(lag(), 4)
  rmSync(made.path('app.log'))
  await made.expireRotated()
  assert.equal(lag(), undefined)
})

test('metrics tell what was read', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\nbb\n') })
  assert.equal(made.count('read_lines_total'), 2)
  assert.equal(made.count('read_bytes_total'), 5)
})

test('a close while a read is under way leaves nothing open', async t => {
  const made = await bed(t)
  writeFileSync(made.path('app.log'), 'a\n'.repeat(1000))
  await made.tail.poll()
  await made.host.close()
  assert.equal(made.host.metric('tail_open_files', { input: 'tail' }), undefined)
  assert.equal(made.host.clock.pending, 0)
})

test('a file that shows less than its path promises is opened anew', async t => {
  // What an overlay does when a file of the image is written to for the first time.
  const real = nodeFiles()
  const stale = new Set<number>()
  let opened = 0
  const layer: FileLayer = {
    ...real,
    open: async path => {
      const fd = await real.open(path)
      if (opened++ === 0) stale.add(fd)
      else stale.delete(fd)
      return fd
    },
    read: (fd, bytes, position) =>
      real.read(fd, stale.has(fd) ? bytes.subarray(0, Math.max(0, 2 - position)) : bytes, position),
  }
  const made = await bed(t, { layer })
  writeFileSync(made.path('app.log'), '')
  await made.round()
  appendFileSync(made.path('app.log'), 'a\n')
  await made.round()
  appendFileSync(made.path('app.log'), 'b\n')
  await made.round()
  await made.round()
  assert.deepEqual(made.texts, ['a', 'b'])
})

test('a rotation in the middle of looking for those while down hides no generation', async t => {
  const real = nodeFiles()
  let rotate: (() => void) | undefined
  const layer: FileLayer = {
    ...real,
    list: async folder => {
      const entries = await real.list(folder)
      rotate?.()
      rotate = undefined
      return entries
    },
  }
  const made = await bed(t, { layer, before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  const path = (name: string) => made.path(name)
  await made.crash()
  renameSync(path('app.log'), path('app.log.2'))
  writeFileSync(path('app.log.1'), 'between\n')
  writeFileSync(path('app.log'), 'c\n')
  const seconds = Date.now() / 1000
  for (const [name, age] of [
    ['app.log.2', 30],
    ['app.log.1', 20],
    ['app.log', 10],
  ] as const) {
    utimesSync(path(name), seconds - age, seconds - age)
  }
  const shift = (text: string) => {
    for (const i of [4, 3, 2, 1])
      if (existsSync(path(`app.log.${i}`))) renameSync(path(`app.log.${i}`), path(`app.log.${i + 1}`))
    renameSync(path('app.log'), path('app.log.1'))
    writeFileSync(path('app.log'), `${text}\n`)
  }
  rotate = () => {
    shift('d')
    shift('e')
  }
  await made.start()
  await made.round()
  await made.round()
  assert.deepEqual(made.texts.sort(), ['a', 'between', 'c', 'd', 'e'])
})

for (const [name, config] of [
  ['no paths', { paths: [] }],
  ['a path that ends with a slash', { paths: ['/var/log/'] }],
  ['an unknown option', { paths: ['/x'], follow: true }],
  ['a maxLine that is too small', { paths: ['/x'], maxLine: '10B' }],
] as const) {
  test(`the configuration refuses ${name}`, () => assert.equal(tailConfig.decode(config).ok, false))
}

test('a file that another input reads is left to it, and the health says so', async t => {
  const made = await bed(t, {
    before: bed => {
      writeFileSync(bed.path('app.log'), 'a\n')
      const { dev, ino } = statSync(bed.path('app.log'))
      bed.claims.set(`${dev.toString(16)}:${ino.toString(16)}`, 'tail-1')
    },
  })
  assert.deepEqual(made.texts, [])
  assert.equal(made.tail.health().state, 'degraded')
  assert.match(JSON.stringify(made.tail.health()), /is read by input tail-1 already/)
})

for (const name of ['other.log', 'app-2.log']) {
  test(`a restart leaves ${name} to the input that has read it before, also when it has grown since`, async t => {
    const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
    await made.crash()
    writeFileSync(made.path(name), 'theirs\nand more\n')
    const { dev, ino } = statSync(made.path(name))
    const file = `${dev.toString(16)}:${ino.toString(16)}`
    made.positions.set(file, { file, offset: 7, path: made.path(name) })
    appendFileSync(made.path('app.log'), 'b\n')
    await made.start()
    await made.round()
    assert.deepEqual(made.texts, ['a', 'b'])
    assert.equal(made.tail.health().state, 'ok')
  })
}

test('a rotated name that another input reads is no problem of this one', async t => {
  const made = await bed(t, { before: bed => writeFileSync(bed.path('app.log'), 'a\n') })
  await made.crash()
  writeFileSync(made.path('app.log.1'), 'theirs\n')
  const { dev, ino } = statSync(made.path('app.log.1'))
  made.claims.set(`${dev.toString(16)}:${ino.toString(16)}`, 'tail-1')
  await made.start()
  await made.round()
  assert.deepEqual(made.texts, ['a'])
  assert.equal(made.tail.health().state, 'ok')
})
