import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type FakeS3, type FakeS3Options, linesOf, startFakeS3 } from '../../../../../test/fakes/s3/server.ts'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import type { Deadline } from '../../../../kernel/module.ts'
import { fakeOutputHost, fakeSlice } from '../output-fakes.ts'
import { checkS3, s3Config } from './config.ts'
import { tellOrphans } from './orphans.ts'
import { openS3 } from './output.ts'

const never = new AbortController().signal
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', region: 'eu-central-1' }
const aMinute: Deadline = { remainingMs: () => 60_000, signal: never }

function decode(fields: object) {
  const decoded = s3Config.decode({ bucket: 'logs', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-s3-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

interface Life {
  readonly folder: string
  readonly fake: FakeS3
  readonly fields?: object
  readonly clock?: FakeClock
}

/** One life of an output over a folder; `end` is what closing the sidecar does. */
async function live(t: TestContext, { folder, fake, fields = {}, clock }: Life) {
  const made = fakeOutputHost({ kind: 's3', clock: clock ?? (systemClock() as unknown as FakeClock) })
  const host = { ...made, dataDir: async () => folder }
  t.after(() => made.close())
  const output = await openS3(decode({ endpoint: fake.url, ...keys, ...fields }), host)
  return {
    host,
    output,
    send: (...slices: Parameters<typeof output.send>[0]) => output.send(slices, never),
    drain: () => output.drain!(aMinute),
    end: () => made.close(),
  }
}

async function begin(t: TestContext, fields: object = {}, options: FakeS3Options = {}) {
  const fake = await startFakeS3(options)
  t.after(() => fake.close())
  const folder = await folderOf(t)
  return { fake, folder, ...(await live(t, { folder, fake, fields })) }
}

const objectsOf = (fake: FakeS3) =>
  [...fake.store.objects].map(([key, object]) => [key, linesOf(object)] as const)
const filesIn = async (folder: string) => (await readdir(join(folder, 's3', 's3-a'))).sort()
/** More than two parts. */
const large = (sends: number) =>
  Array.from({ length: sends }, (_, at) =>
    fakeSlice([{ at, text: 'x'.repeat(900_000) }], { sequence: at + 1 }),
  )

describe('the s3 output', () => {
  test('gathers records on the disk, and uploads them as one object', async t => {
    const { fake, folder, send, drain } = await begin(t, {
      key: 'logs/{$tag}/%Y/%m/%d/%H%M%S-{$uuid}.ndjson',
    })
    assert.deepEqual(await send(fakeSlice([{ n: 1 }])), { kind: 'done' })
    assert.deepEqual(await send(fakeSlice([{ n: 2 }], { sequence: 2 })), { kind: 'done' })
    assert.equal(fake.store.objects.size, 0)
    await drain()
    const [[key, lines]] = objectsOf(fake)
    assert.match(key, /^logs\/tail\/2026\/01\/02\/030405-[0-9a-f]{8}\.ndjson$/)
    assert.deepEqual(lines, ['{"n":1}', '{"n":2}'])
    assert.deepEqual(fake.actions, ['PutObject'])
    assert.deepEqual(await filesIn(folder), [])
  })

  test('says of objects what is configured', async t => {
    const { fake, send, drain } = await begin(t, {
      key: 'k-{$uuid}',
      contentType: 'a/b',
      storageClass: 'STANDARD_IA',
      acl: 'bucket-owner-full-control',
      encryption: 'aws:kms',
      kmsKeyId: 'key',
    })
    await send(fakeSlice([{ n: 1 }]))
    await drain()
    const [{ headers }] = fake.store.objects.values()
    assert.equal(headers['content-type'], 'a/b')
    assert.equal(headers['x-amz-storage-class'], 'STANDARD_IA')
    assert.equal(headers['x-amz-acl'], 'bucket-owner-full-control')
    assert.equal(headers['x-amz-server-side-encryption'], 'aws:kms')
    assert.equal(headers['x-amz-server-side-encryption-aws-kms-key-id'], 'key')
  })

  for (const compress of ['gzip', 'zstd'] as const) {
    test(`compresses objects with ${compress}`, async t => {
      const { fake, folder, send, drain } = await begin(t, { compress })
      await send(fakeSlice([{ n: 1 }]))
      await drain()
      const [object] = fake.store.objects.values()
      assert.equal(object.headers['content-encoding'], compress)
      assert.deepEqual(linesOf(object), ['{"n":1}'])
      assert.deepEqual(await filesIn(folder), [])
    })
  }

  test('uploads a large object in parts', async t => {
    const { fake, send, drain } = await begin(t)
    for (const slice of large(13)) assert.deepEqual(await send(slice), { kind: 'done' })
    await drain()
    const [object] = fake.store.objects.values()
    assert.equal(object.parts, 3)
    assert.equal(object.headers['content-type'], 'application/x-ndjson')
    assert.deepEqual(
      linesOf(object).map(line => JSON.parse(line).at),
      Array.from({ length: 13 }, (_, at) => at),
    )
    assert.equal(fake.store.uploads.size, 0)
    assert.deepEqual(fake.refused, [])
  })

  test('sorts records into objects, and no record leaves its place in the key', async t => {
    const { fake, send, drain } = await begin(t, { key: '{team|"none"}/{$index}' })
    await send(
      fakeSlice([{ team: '../a/b', n: 1 }, { n: 2 }, { team: '..', n: 3 }, { team: '../a/b', n: 4 }]),
    )
    await drain()
    assert.deepEqual(objectsOf(fake).sort(), [
      ['.._a_b/1', ['{"team":"../a/b","n":1}', '{"team":"../a/b","n":4}']],
      ['_/3', ['{"team":"..","n":3}']],
      ['none/2', ['{"n":2}']],
    ])
  })

  test('writes a field’s text, or the time with the record', async t => {
    const raw = await begin(t, { messageField: 'm' })
    await raw.send(fakeSlice([{ m: 'a "b"' }, { n: 1 }]))
    await raw.drain()
    assert.deepEqual(raw.fake.lines(), ['a "b"', '{"n":1}'])
    const timed = await begin(t, { time: { field: 't', format: 'epoch_ms' } })
    await timed.send(fakeSlice([{ n: 1 }]))
    await timed.drain()
    assert.deepEqual(timed.fake.lines(), ['{"t":1767323045006,"n":1}'])
  })

  test('completes an object when it is large enough', async t => {
    const { fake, send, drain } = await begin(t, { objectSize: '1MiB' })
    for (const slice of large(4)) await send(slice)
    await drain()
    assert.deepEqual(
      objectsOf(fake).map(([, lines]) => lines.length),
      [2, 2],
    )
  })

  test('completes an object when it is old enough', async t => {
    const fake = await startFakeS3()
    t.after(() => fake.close())
    const folder = await folderOf(t)
    const clock = new FakeClock()
    const { send } = await live(t, { folder, fake, fields: { objectAge: '10m' }, clock })
    await send(fakeSlice([{ n: 1 }]))
    await clock.elapse(599_000)
    assert.deepEqual(
      (await filesIn(folder)).map(name => name.split('.')[1]),
      ['json', 'lines'],
    )
    await clock.elapse(2000)
    while ((await filesIn(folder)).some(name => name.endsWith('.lines'))) await new Promise(setImmediate)
  })

  test('finds in its next life what it had, and numbers go on', async t => {
    const { fake, folder, send, end } = await begin(t, { key: '{$tag}/{$index}' })
    await send(fakeSlice([{ n: 1 }]))
    await end()
    const [lines] = (await filesIn(folder)).filter(name => name.endsWith('.lines'))
    // What a crash cut off is sent again.
    await appendFile(join(folder, 's3', 's3-a', lines), '{"n":2')
    const next = await live(t, { folder, fake, fields: { key: '{$tag}/{$index}' } })
    await next.send(fakeSlice([{ n: 2 }], { sequence: 2 }))
    await next.drain()
    await next.send(fakeSlice([{ n: 3 }], { sequence: 3 }))
    await next.drain()
    assert.deepEqual(objectsOf(fake), [
      ['tail/1', ['{"n":1}', '{"n":2}']],
      ['tail/2', ['{"n":3}']],
    ])
  })

  test('ends an upload that an earlier life had begun, and uploads the object once', async t => {
    const { fake, folder, output, send, end } = await begin(t)
    for (const slice of large(7)) await send(slice)
    const stop = new AbortController()
    // The answer to the first part never comes.
    fake.faults.add({ kind: 'slow', ms: 0 }, { kind: 'hang', when: 'after' })
    const draining = output.drain!({ remainingMs: () => 0, signal: stop.signal })
    while (!fake.actions.includes('UploadPart')) await new Promise(setImmediate)
    stop.abort()
    await draining
    await end()
    assert.equal(fake.store.uploads.size, 1)
    const next = await live(t, { folder, fake })
    await next.drain()
    assert.equal(fake.store.uploads.size, 0)
    assert.equal(fake.store.objects.size, 1)
    assert.equal(fake.lines().length, 7)
  })
})

describe('an upload that fails', () => {
  test('goes on with the part that failed', async t => {
    const { fake, send, drain, output } = await begin(t)
    for (const slice of large(13)) await send(slice)
    const slow = {
      kind: 'status',
      status: 503,
      body: '<Error><Code>SlowDown</Code><Message>Please reduce</Message></Error>',
    } as const
    fake.faults.add({ kind: 'slow', ms: 0 }, { kind: 'slow', ms: 0 }, slow, { kind: 'reset', when: 'before' })
    await drain()
    assert.deepEqual(fake.actions, [
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'UploadPart',
      'CompleteMultipartUpload',
    ])
    assert.equal(fake.lines().length, 13)
    assert.deepEqual(output.health!(), { ready: true, state: 'ok' })
  })

  test('is one upload, also when its first part fails', async t => {
    const { fake, send, drain } = await begin(t)
    for (const slice of large(7)) await send(slice)
    fake.faults.add({ kind: 'slow', ms: 0 }, { kind: 'status', status: 500 })
    await drain()
    assert.equal(fake.actions.filter(action => action === 'CreateMultipartUpload').length, 1)
    assert.equal(fake.lines().length, 7)
    assert.equal(fake.store.uploads.size, 0)
  })

  test('begins again when the service has forgotten it', async t => {
    const { fake, send, drain } = await begin(t)
    for (const slice of large(7)) await send(slice)
    fake.faults.add(
      { kind: 'slow', ms: 0 },
      {
        kind: 'status',
        status: 404,
        body: '<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>',
      },
    )
    await drain()
    assert.equal(fake.lines().length, 7)
    assert.equal(fake.store.uploads.size, 0)
  })

  test('whose last answer is lost makes one object', async t => {
    const { fake, send, drain } = await begin(t)
    for (const slice of large(7)) await send(slice)
    const ok = { kind: 'slow', ms: 0 } as const
    fake.faults.add(ok, ok, ok, { kind: 'reset', when: 'after' })
    await drain()
    assert.equal(fake.store.objects.size, 1)
    assert.equal(fake.lines().length, 7)
    assert.equal(fake.store.uploads.size, 0)
  })

  test('is told when CompleteMultipartUpload fails with a status of 200', async t => {
    const { fake, send, drain } = await begin(t)
    for (const slice of large(7)) await send(slice)
    const ok = { kind: 'slow', ms: 0 } as const
    fake.faults.add(ok, ok, ok, {
      kind: 'status',
      status: 200,
      body: '<Error><Code>InternalError</Code><Message>x</Message></Error>',
    })
    await drain()
    assert.equal(fake.lines().length, 7)
  })

  const refusals: [string, object, RegExp][] = [
    [
      'wrong keys',
      { secretAccessKey: 'wrong' },
      /403 SignatureDoesNotMatch.*check logs\.outputs\[0\]\.s3\.accessKeyId, and that they may write/,
    ],
    ['another bucket', { bucket: 'other' }, /404 NoSuchBucket.*check logs\.outputs\[0\]\.s3\.bucket/],
    [
      'another region',
      { region: 'us-east-1' },
      /the bucket is in eu-central-1: write that as logs\.outputs\[0\]\.s3\.region/,
    ],
  ]
  for (const [what, fields, message] of refusals) {
    test(`with ${what} says what to mend, and loses nothing`, async t => {
      const { fake, folder, output, host, send, end } = await begin(t, { ...fields, objectSize: '1MiB' })
      for (const slice of large(2)) assert.deepEqual(await send(slice), { kind: 'done' })
      while (host.log.of('s3_upload_refused').length === 0) await new Promise(setImmediate)
      const health = output.health!()
      assert.equal(health.state, 'failed')
      assert.match(health.message ?? '', message)
      await end()
      const mended = await live(t, { folder, fake })
      await mended.drain()
      assert.equal(fake.lines().length, 2)
    })
  }

  test('leaves records in the spool when as much waits as may', async t => {
    const { send } = await begin(t, { secretAccessKey: 'wrong', objectSize: '1MiB', maxBuffer: '8MiB' })
    const outcomes = []
    for (const slice of large(12)) outcomes.push(await send(slice))
    assert.deepEqual(outcomes[8], { kind: 'done' })
    const last = outcomes.at(-1)
    assert.match(
      last?.kind === 'failed' ? last.reason : '',
      /as much waits for its upload as logs\.outputs\[0\]\.s3\.maxBuffer allows/,
    )
  })
})

describe('the configuration of the s3 output', () => {
  const mistakes: [object, RegExp][] = [
    [{ key: 'a/%Y' }, /only the last one would stay/],
    [{ key: '/a-{$uuid}' }, /begins with a slash/],
    [{ key: '{app}-{$uuid}' }, /may have nothing/],
    [{ key: '{$nothing}-{$uuid}' }, /expected one of/],
    [{ messageField: 'a', time: {} }, /no effect on lines/],
    [{ maxBuffer: '64MiB' }, /too small for two objects/],
    [{ kmsKeyId: 'a' }, /without `encryption: aws:kms`/],
    [{ endpoint: 'http://h/?x' }, /without a query/],
    [{ secretAccessKey: 'a' }, /`accessKeyId` is missing/],
  ]
  for (const [fields, message] of mistakes) {
    test(`refuses ${JSON.stringify(fields)}`, () => {
      const problems = checkS3(decode(fields))
      assert.equal(problems.length, 1, JSON.stringify(problems))
      assert.match(problems[0].message, message)
    })
  }

  test('takes the smallest, and a key that is written over on purpose', () => {
    assert.deepEqual(checkS3(decode({})), [])
    assert.deepEqual(checkS3(decode({ key: 'latest.ndjson', overwrite: true })), [])
  })

  test('that is gone is told of while its objects wait', async t => {
    const { folder, host, send, end } = await begin(t)
    await send(fakeSlice([{ n: 1 }]))
    await end()
    await tellOrphans(folder, ['s3-a'], host.log)
    assert.equal(host.log.of('s3_orphans').length, 0)
    await tellOrphans(folder, ['s3-b'], host.log)
    assert.equal(host.log.of('s3_orphans').length, 1)
  })
})
