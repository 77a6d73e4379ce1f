import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeModule } from '../lifecycle/module-fake.ts'
import { ask, fakeSidecar } from '../lifecycle/sidecar-fake.ts'
import type { Host } from '../module.ts'
import { sendJson } from './answer.ts'

describe('the admin API', () => {
  test('answers an unknown path with those that there are', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    const { status, body } = await ask(fake.address(), '/nope')
    assert.equal(status, 404)
    assert.deepEqual(JSON.parse(body), {
      error: 'there is no /nope',
      paths: [
        '/',
        '/config',
        '/drain',
        '/healthz',
        '/log-level',
        '/metrics',
        '/quitquitquit',
        '/readyz',
        '/reload',
        '/status',
      ],
    })
  })

  const wrong: [what: string, allow: string][] = [
    ['POST /metrics', 'GET, HEAD'],
    ['GET /reload', 'POST'],
    ['DELETE /log-level', 'GET, HEAD, PUT'],
    ['OPTIONS /drain', 'POST'],
  ]
  for (const [what, allow] of wrong) {
    test(`answers ${what} with 405 and Allow: ${allow}`, async () => {
      await using fake = fakeSidecar()
      await fake.sidecar.start()
      const { status, headers } = await ask(fake.address(), what)
      assert.deepEqual([status, headers['allow']], [405, allow])
    })
  }

  test('answers HEAD without a body', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    const { status, headers, body } = await ask(fake.address(), 'HEAD /healthz')
    assert.deepEqual([status, body], [200, ''])
    assert.ok(Number(headers['content-length']) > 0)
  })

  test('is not fooled by a foreign host name or a page of another site', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), '/config', { host: 'evil.example' })).status, 421)
    assert.equal(
      (await ask(fake.address(), 'POST /quitquitquit', { origin: 'https://evil.example' })).status,
      403,
    )
    assert.equal(fake.quits(), 0)
  })

  test('shows the effective configuration and the status', async () => {
    await using fake = fakeSidecar({ modules: [fakeModule('logs', 'abc', [])] })
    await fake.sidecar.start()
    assert.deepEqual(JSON.parse((await ask(fake.address(), '/config')).body), { password: '<redacted>' })
    const status = JSON.parse((await ask(fake.address(), '/status')).body)
    assert.deepEqual(
      [status.version, status.phase, status.configuration.hash, status.pid],
      ['1.2.3', 'running', 'abc', process.pid],
    )
    assert.deepEqual(status.modules, { logs: { ready: true, state: 'ok' } })
  })

  test('shows metrics in the format that is asked for', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    const text = await ask(fake.address(), '/metrics')
    assert.equal(text.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(text.body, /^outrigger_build_info\{version="1\.2\.3",node_version="[\d.]+"\} 1$/m)
    const open = await ask(fake.address(), '/metrics', {
      accept: 'application/openmetrics-text;version=1.0.0',
    })
    assert.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
    assert.match(open.body, /^outrigger_admin_requests_total\{route="\/metrics",status="200"\} 1$/m)
    assert.ok(open.body.endsWith('# EOF\n'))
  })

  const levels: [body: string, status: number, level: string][] = [
    ['debug', 200, 'debug'],
    ['"warn"\n', 200, 'warn'],
    ['{"level": "error"}', 200, 'error'],
    ['DEBUG', 200, 'debug'],
    ['loud', 400, 'info'],
    ['', 400, 'info'],
  ]
  for (const [body, status, level] of levels) {
    test(`PUT /log-level ${JSON.stringify(body)} leaves the level at ${level}`, async () => {
      await using fake = fakeSidecar()
      await fake.sidecar.start()
      assert.equal((await ask(fake.address(), 'PUT /log-level', {}, body)).status, status)
      assert.deepEqual(JSON.parse((await ask(fake.address(), '/log-level')).body), { level })
    })
  }

  const told: [from: string, to: string, isTold: boolean][] = [
    ['info', 'error', true],
    ['error', 'info', true],
    ['info', 'debug', true],
    ['error', 'warn', false],
  ]
  for (const [from, to, isTold] of told) {
    test(`from ${from} to ${to} is ${isTold ? 'told once' : 'below what is told'}`, async () => {
      await using fake = fakeSidecar()
      await fake.sidecar.start()
      await ask(fake.address(), 'PUT /log-level', {}, from)
      const before = fake.records.length
      await ask(fake.address(), 'PUT /log-level', {}, to)
      const lines = fake.records.slice(before).filter(({ event }) => event === 'log_level_changed')
      assert.equal(lines.length, isTold ? 1 : 0)
    })
  }

  test('a body that is too long for a level is refused, and the sidecar goes on', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), 'PUT /log-level', {}, 'x'.repeat(5000))).status, 413)
    assert.equal((await ask(fake.address(), '/healthz')).status, 200)
  })

  test('asks the process to end', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), 'POST /quitquitquit')).status, 202)
    assert.equal(fake.quits(), 1)
  })
})

describe('the page', () => {
  test('tells the state, and shows text as text', async () => {
    const health = () => ({
      ready: false,
      state: 'failed' as const,
      message: '<script>alert("x")</script> & more',
      parts: { 'tail /a': { ready: true, state: 'ok' as const } },
    })
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', [], { health })] })
    await fake.sidecar.start()
    fake.breakFile('<b>bad</b>')
    await fake.sidecar.reload('file')
    const { headers, body } = await ask(fake.address(), '/')
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.match(body, /not ready/)
    assert.match(body, /&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt; &amp; more/)
    assert.match(body, /tail \/a/)
    assert.match(body, /<a href="\/status">/)
    assert.doesNotMatch(body, /<script|<b>/)
  })
})

describe('the public listener', () => {
  test('has health and metrics only, under any name, for reading only', async () => {
    await using fake = fakeSidecar({ public: { host: '127.0.0.1', port: 0 } })
    await fake.sidecar.start()
    const ask1 = (what: string) => ask(fake.address(true), what, { host: 'pod-7.example' })
    const status = async (what: string) => (await ask1(what)).status
    assert.deepEqual(await Promise.all(['/healthz', '/readyz', '/metrics'].map(status)), [200, 200, 200])
    assert.deepEqual(
      await Promise.all(['/', '/config', '/status', 'POST /reload', 'POST /quitquitquit'].map(status)),
      [404, 404, 404, 404, 404],
    )
    assert.equal(await status('POST /metrics'), 405)
    assert.deepEqual(JSON.parse((await ask1('/nope')).body).paths, ['/healthz', '/metrics', '/readyz'])
  })
})

describe('routes of modules', () => {
  const start = (_: string, host: Host) => {
    host.admin.get('/logs/files', 'The files that are read', (_, response) => sendJson(response, 200, ['a']))
    host.admin.post('/logs/files', 'Look for files now', (_, response) => sendJson(response, 202, {}))
    host.admin.get('/logs/file/*', 'One file', (request, response) => sendJson(response, 200, request.path))
    assert.throws(() => host.admin.get('/metrics', '', () => {}), /module logs may serve \/logs/)
    assert.throws(() => host.admin.get('/logs/files', '', () => {}), /GET \/logs\/files is served already/)
  }

  test('are served, listed, guarded, and go with the module', async () => {
    await using fake = fakeSidecar({
      modules: [fakeModule('logs', '1', [], { start })],
      public: { host: '127.0.0.1', port: 0 },
    })
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), '/logs/files')).body, '[\n  "a"\n]\n')
    assert.equal((await ask(fake.address(), 'POST /logs/files')).status, 202)
    assert.equal(
      (await ask(fake.address(), 'POST /logs/files', { origin: 'http://evil.example' })).status,
      403,
    )
    assert.equal((await ask(fake.address(), '/logs/file/a/b')).body, '"/logs/file/a/b"\n')
    assert.equal((await ask(fake.address(true), '/logs/files')).status, 404)
    assert.match((await ask(fake.address(), '/')).body, /The files that are read/)
    fake.configure({})
    await fake.sidecar.reload('signal')
    assert.equal((await ask(fake.address(), '/logs/files')).status, 404)
  })

  test('that fail give 500 and a message in the log', async () => {
    const fails = (_: string, host: Host) =>
      host.admin.get('/logs', '', () => Promise.reject(new Error('no')))
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', [], { start: fails })] })
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), '/logs')).status, 500)
    assert.equal(fake.records.filter(({ event }) => event === 'request_failed').length, 1)
  })
})
