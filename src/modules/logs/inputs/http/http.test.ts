import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { s } from '../../../../kernel/config/schema.ts'
import { type FakeInputOptions, fakeInputHost } from '../input-fakes.ts'
import { httpFields } from './config.ts'
import { startHttp } from './http.ts'

const schema = s.object(httpFields, { about: 'The options of the input.' })

async function started(t: TestContext, config: object = {}, options: Partial<FakeInputOptions> = {}) {
  const host = fakeInputHost({ kind: 'http', ...options })
  t.after(() => host.close())
  const decoded = schema.decode(config)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const input = await startHttp(decoded.value, host)
  const url = `http://127.0.0.1:${host.ports[0]}`
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = '/') =>
    fetch(url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    })
  const texts = () => host.taken.map(({ text }) => text)
  return { host, input, url, post, texts }
}

for (const [name, body, records] of [
  ['one object', '{"a":1}', ['{"a":1}']],
  ['an array of objects', ' [ {"a":1}, {"b":[{}]} ] ', ['{"a":1}', '{"b":[{}]}']],
  ['objects a line', '{"a":1}\n{"a":2}\r\n\n{"a":3}', ['{"a":1}', '{"a":2}', '{"a":3}']],
  ['objects with nothing in between', '{"a":1}{"a":2}', ['{"a":1}', '{"a":2}']],
  ['an object over several lines', '{\n  "a": "x\\n",\r\n  "b": 2\n}\n', ['{   "a": "x\\n",    "b": 2 }']],
  ['a byte order mark', '\ufeff{"a":1}', ['{"a":1}']],
  ['a number that no double holds', '{"id":12345678901234567890.10}', ['{"id":12345678901234567890.10}']],
] as const) {
  test(`takes ${name}, byte for byte`, async t => {
    const { post, texts } = await started(t)
    const answer = await post(body)
    assert.equal(answer.status, 201)
    assert.equal(await answer.text(), '')
    assert.deepEqual(texts(), records)
  })
}

for (const [coding, compress] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`takes a body that is compressed with ${compress.name}`, async t => {
    const { post, texts, host } = await started(t)
    const answer = await post(compress('{"a":1}\n{"a":2}'), { 'content-encoding': coding })
    assert.equal(answer.status, 201)
    assert.deepEqual(texts(), ['{"a":1}', '{"a":2}'])
    assert.equal(host.budget.usedBytes, 0)
  })
}

const zeros = (bytes: number) =>
  Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(bytes, 0x30), Buffer.from('"}')])

for (const [name, status, reason, body, headers = {}] of [
  ['text that is no JSON', 400, 'malformed', 'hello'],
  ['an array with something else than objects', 400, 'malformed', '[{"a":1},2]'],
  ['an array that does not end', 400, 'malformed', '[{"a":1},'],
  ['something behind the array', 400, 'malformed', '[{"a":1}] x'],
  ['an object that does not end', 400, 'malformed', '{"a":1}\n{"a":'],
  ['nothing', 400, 'malformed', ''],
  ['an empty array', 400, 'malformed', '[]'],
  ['too much nesting', 400, 'malformed', `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ['another content type', 415, 'content_type', '{"a":1}', { 'content-type': 'text/plain' }],
  ['another coding', 415, 'encoding', '{"a":1}', { 'content-encoding': 'br' }],
  ['two codings', 415, 'encoding', '{"a":1}', { 'content-encoding': 'gzip, gzip' }],
  ['a gzip that is none', 400, 'malformed', '{"a":1}', { 'content-encoding': 'gzip' }],
  ['a zstd that is none', 400, 'malformed', '{"a":1}', { 'content-encoding': 'zstd' }],
  [
    'a gzip that is cut off',
    400,
    'malformed',
    gzipSync('{"a":1}').subarray(0, 15),
    { 'content-encoding': 'gzip' },
  ],
  [
    'a zstd that is cut off',
    400,
    'malformed',
    zstdCompressSync(zeros(1000)).subarray(0, 15),
    { 'content-encoding': 'zstd' },
  ],
  ['a body that is too large', 413, 'too_large', zeros(20_000)],
  ['a gzip bomb', 413, 'too_large', gzipSync(zeros(50_000_000)), { 'content-encoding': 'gzip' }],
  ['a zstd bomb', 413, 'too_large', zstdCompressSync(zeros(50_000_000)), { 'content-encoding': 'zstd' }],
  ['a web page', 403, 'web_page', '{"a":1}', { origin: 'http://127.0.0.1:9880' }],
] as [string, number, string, string | Buffer<ArrayBuffer>, Record<string, string>?][]) {
  test(`refuses ${name}, takes nothing of it, and says why`, async t => {
    // The bombs are 50 kB and some when they come.
    const { post, host } = await started(t, { maxBody: name.includes('gzip bomb') ? '64KiB' : '16KiB' })
    const answer = await post(body, headers)
    assert.equal(answer.status, status)
    assert.match(await answer.text(), /\w{3}/)
    assert.deepEqual(host.taken, [])
    assert.equal(host.metric('http_refused_total', { input: 'http', reason }), 1)
    assert.equal(host.budget.usedBytes, 0)
  })
}

test('refuses other methods with the one to use', async t => {
  const { url } = await started(t)
  const answer = await fetch(url)
  assert.equal(answer.status, 405)
  assert.equal(answer.headers.get('allow'), 'POST')
})

test('the path becomes the tag where the tag says so', async t => {
  const { post, host } = await started(t, {}, { tag: 'web.*' })
  await post('{"a":1}', {}, '/shop/orders?x=1')
  assert.deepEqual(
    host.taken.map(({ tag, path }) => [tag, path]),
    [['web.shop.orders', '/shop/orders']],
  )
})

test('a path can be the tag whatever the input says, where it says more than nothing', async t => {
  const { post, host } = await started(t, { tagFromPath: true }, { tag: 'mine' })
  for (const path of ['/', '/app.log', '/shop/or-ders?x=1']) await post('{}', {}, path)
  assert.deepEqual(
    host.taken.map(({ tag }) => tag),
    ['mine', 'app.log', 'shop_or_ders'],
  )
})

test('a field of the record can be its tag; records without it keep that of the input', async t => {
  const { post, host } = await started(t, { tagField: 'app' })
  await post('[{"app":"a","n":1},{"n":2},{"app":5,"n":3},{"app":"b","n":4},{"app":"a","n":5}]')
  const byTag = host.taken.map(({ tag, text }) => `${tag} ${JSON.parse(text).n}`)
  assert.deepEqual(byTag.sort(), ['a 1', 'a 5', 'b 4', 'http 2', 'http 3'])
})

test('a field can tell the address of the sender, through a proxy that is trusted alone', async t => {
  const plain = await started(t, { remoteAddressField: 'from' })
  await plain.post('[{"from":"me","a":1},{"a":\n2}]', { 'x-forwarded-for': '203.0.113.9' })
  assert.deepEqual(plain.texts(), ['{"from":"127.0.0.1","a":1}', '{"a": 2,"from":"127.0.0.1"}'])
  const behind = await started(t, { remoteAddressField: 'from', trustForwardedFor: true })
  await behind.post('{}', { 'x-forwarded-for': '203.0.113.9, 10.0.0.1' })
  await behind.post('{}')
  assert.deepEqual(behind.texts(), ['{"from":"203.0.113.9"}', '{"from":"127.0.0.1"}'])
})

test('the answer to taken records can be told', async t => {
  const { post } = await started(t, { successStatus: 204, successHeaders: { 'X-Taken-By': 'outrigger' } })
  const answer = await post('{}')
  assert.equal(answer.status, 204)
  assert.equal(answer.headers.get('x-taken-by'), 'outrigger')
})

test('forms are records too', async t => {
  const { post, texts } = await started(t)
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal((await post('level=warn&text=a%20b+c', type)).status, 201)
  assert.equal((await post('', type)).status, 400)
  assert.equal((await post('a&'.repeat(40_000), type)).status, 413)
  assert.deepEqual(texts(), ['{"level":"warn","text":"a b c"}'])
})

test('curl sends records without further ado', async t => {
  const { url, texts } = await started(t)
  const curl = promisify(execFile)
  const { stdout } = await curl('curl', [
    '-s',
    '-o',
    '-',
    '-w',
    '%{http_code}',
    '-d',
    '{"a":1}',
    `${url}/app.log`,
  ])
  assert.equal(stdout, '201')
  assert.deepEqual(texts(), ['{"a":1}'])
})

test('a request is answered once its records are safe, not before', async t => {
  const { post, host } = await started(t)
  const spool = Promise.withResolvers<void>()
  host.gate = spool.promise
  let answered = false
  const answer = post('{"a":1}').then(response => {
    answered = true
    return response.status
  })
  while (host.budget.usedBytes === 0) await new Promise(setImmediate)
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  assert.equal(answered, false)
  spool.resolve()
  assert.equal(await answer, 201)
})

test('a large request reaches the spool in pieces and in order', async t => {
  const { post, host } = await started(t, {}, { readBytes: 1000 })
  const records = Array.from({ length: 500 }, (_, n) => ({ n, text: 'x'.repeat(n) }))
  assert.equal((await post(JSON.stringify(records))).status, 201)
  assert.deepEqual(
    host.taken.map(({ text }) => JSON.parse(text).n),
    records.map(({ n }) => n),
  )
  assert.equal(host.metric('http_records_total', { input: 'http' }), 500)
})

test('a request may bring a hundred thousand records', async t => {
  const { post, host } = await started(t)
  assert.equal((await post('{}'.repeat(100_001))).status, 413)
  assert.equal(host.taken.length, 0)
  assert.equal((await post('{}'.repeat(100_000))).status, 201)
  assert.equal(host.taken.length, 100_000)
})
