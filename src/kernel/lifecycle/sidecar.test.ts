import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FakeClock } from '../clock/fake.ts'
import type { Health } from '../module.ts'
import { deadlineIn } from './deadline.ts'
import { fakeModule } from './module-fake.ts'
import { ask, fakeSidecar } from './sidecar-fake.ts'

function metric(sidecar: ReturnType<typeof fakeSidecar>['sidecar'], name: string) {
  return sidecar.registry
    .collect()
    .find(family => family.name === name)
    ?.samples.map(({ value, labels }) => [...labels.map(label => label[1]), value])
}

describe('readiness', () => {
  test('waits for every module', async () => {
    let health: Health = { ready: false, state: 'degraded', message: 'connecting' }
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', [], { health: () => health })] })
    await fake.sidecar.start()
    const before = await ask(fake.address(), '/readyz')
    assert.equal(before.status, 503)
    assert.deepEqual(JSON.parse(before.body), {
      ready: false,
      state: 'degraded',
      phase: 'running',
      message: 'logs: connecting',
      modules: { logs: { ready: false, state: 'degraded', message: 'connecting' } },
    })
    health = { ready: true, state: 'ok' }
    assert.equal((await ask(fake.address(), '/readyz')).status, 200)
    assert.deepEqual(metric(fake.sidecar, 'outrigger_kernel_module_ready'), [['logs', 1]])
  })

  test('is answered while the modules still start', async () => {
    const go = Promise.withResolvers<void>()
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', [], { start: () => go.promise })] })
    const started = fake.sidecar.start()
    while (fake.address() === 'undefined') await new Promise(resolve => setImmediate(resolve))
    const answer = await ask(fake.address(), '/readyz')
    assert.equal(answer.status, 503)
    assert.equal(JSON.parse(answer.body).message, 'the sidecar is starting; logs: is being started')
    go.resolve()
    await started
    assert.equal((await ask(fake.address(), '/readyz')).status, 200)
  })

  test('ends with the drain, while the process is still alive', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    assert.equal((await ask(fake.address(), 'POST /drain')).status, 202)
    assert.equal((await ask(fake.address(), '/readyz')).status, 503)
    assert.equal((await ask(fake.address(), '/healthz')).status, 200)
  })
})

describe('a bad start', () => {
  test('with a bad file gives the report, and nothing runs', async () => {
    const clock = new FakeClock()
    const fake = fakeSidecar({}, clock)
    fake.breakFile('outrigger.yaml:1:1 no\n')
    assert.deepEqual(await fake.sidecar.start(), { ok: false, report: 'outrigger.yaml:1:1 no\n' })
    assert.equal(clock.pending, 0)
  })

  test('with a module that fails leaves no timer and no port', async () => {
    const clock = new FakeClock()
    const fails = () => Promise.reject(new Error('no'))
    const fake = fakeSidecar({ modules: [fakeModule('logs', '1', [], { start: fails })] }, clock)
    await assert.rejects(fake.sidecar.start(), /module logs did not start: no/)
    assert.equal(clock.pending, 0)
    await assert.rejects(ask(fake.address(), '/'), { code: 'ECONNREFUSED' })
  })

  test('with an admin port in use names the option, the address and the mend', async () => {
    await using first = fakeSidecar()
    await first.sidecar.start()
    const port = Number(first.address().split(':')[1])
    const second = fakeSidecar({ listen: { host: '127.0.0.1', port } })
    await assert.rejects(second.sidecar.start(), {
      message: `module admin did not start: admin.listen: cannot listen on 127.0.0.1:${port}: another process listens there already; stop it or choose another address`,
    })
  })
})

describe('a reload', () => {
  test('takes a good configuration over and keeps a history', async () => {
    const life: string[] = []
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', life)] })
    await fake.sidecar.start()
    fake.configure({ modules: [fakeModule('logs', '2', life)], level: 'debug' })
    const reload = await fake.sidecar.reload('signal')
    assert.deepEqual([reload.outcome, reload.hash, reload.changes?.replaced], ['applied', '2', ['logs']])
    assert.equal(fake.sidecar.logger.level, 'debug')
    assert.equal((await fake.sidecar.reload('file')).outcome, 'unchanged')
    assert.deepEqual(
      fake.sidecar.reloads.map(({ trigger }) => trigger),
      ['file', 'signal'],
    )
    assert.deepEqual(metric(fake.sidecar, 'outrigger_kernel_reloads'), [
      ['signal', 'applied', 1],
      ['file', 'unchanged', 1],
    ])
    for (let i = 0; i < 25; i++) await fake.sidecar.reload('signal')
    assert.equal(fake.sidecar.reloads.length, 20)
  })

  test('of a bad file touches nothing and is said in log, health and metric until the file is good again', async () => {
    const life: string[] = []
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', life)] })
    await fake.sidecar.start()
    fake.breakFile('outrigger.yaml:3:1 no\n')
    const answer = await ask(fake.address(), 'POST /reload')
    assert.equal(answer.status, 422)
    assert.equal(JSON.parse(answer.body).message, 'outrigger.yaml:3:1 no\n')
    assert.deepEqual(life, ['+logs(1)'])
    const health = fake.sidecar.health()
    assert.deepEqual([health.ready, health.state], [true, 'degraded'])
    assert.match(health.message ?? '', /last reload was refused/)
    assert.deepEqual(metric(fake.sidecar, 'outrigger_kernel_config_last_reload_successful'), [[0]])
    assert.equal(
      fake.records.filter(({ event, level }) => event === 'reload_rejected' && level === 'error').length,
      1,
    )
    fake.configure({ modules: [fakeModule('logs', '1', life)] })
    assert.equal((await ask(fake.address(), 'POST /reload')).status, 200)
    assert.equal(fake.sidecar.health().state, 'ok')
    assert.deepEqual(metric(fake.sidecar, 'outrigger_kernel_config_last_reload_successful'), [[1]])
  })

  test('whose modules do not start is taken back', async () => {
    const life: string[] = []
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', life)] })
    await fake.sidecar.start()
    const start = () => Promise.reject(new Error('no such host'))
    fake.configure({ modules: [fakeModule('logs', '2', life, { start })] })
    const answer = await ask(fake.address(), 'POST /reload')
    assert.equal(answer.status, 500)
    const { outcome, hash, message } = JSON.parse(answer.body)
    assert.deepEqual(
      [outcome, hash, message],
      ['rolled_back', '1', 'module logs did not start: no such host'],
    )
    assert.equal(life.at(-1), '+logs(1)')
    assert.equal(fake.sidecar.health().ready, true)
  })

  test('says how many documents are skipped when that changes, and which to who looks closely', async () => {
    await using fake = fakeSidecar({ skipped: ['one'], level: 'debug' })
    const told = () =>
      fake.records.flatMap(({ event, fields, message }) =>
        event === 'documents_skipped' ? [fields['count']] : event === 'document_skipped' ? [message] : [],
      )
    await fake.sidecar.start()
    assert.deepEqual(told(), [1, 'r.yaml  one'])
    await fake.sidecar.reload('signal')
    assert.equal(told().length, 2)
    fake.configure({ level: 'debug' })
    await fake.sidecar.reload('signal')
    assert.deepEqual(told().slice(2), [0])
  })

  test('says which changes need a restart', async () => {
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', [])], command: ['a'] })
    await fake.sidecar.start()
    fake.configure({ modules: [fakeModule('logs', '2', [])], command: ['b'] })
    assert.deepEqual((await fake.sidecar.reload('signal')).needRestart, ['app'])
    assert.equal(fake.records.filter(({ event }) => event === 'reload_needs_restart').length, 1)
  })

  test('waits for the one before it, and the end waits for both', async () => {
    const life: string[] = []
    const go = Promise.withResolvers<void>()
    const fake = fakeSidecar({ modules: [fakeModule('logs', '1', life)] })
    await fake.sidecar.start()
    fake.configure({ modules: [fakeModule('logs', '2', life, { start: () => go.promise })] })
    const reloads = [fake.sidecar.reload('signal'), fake.sidecar.reload('file')]
    go.resolve()
    const outcomes = (await Promise.all(reloads)).map(({ outcome }) => outcome)
    assert.deepEqual(outcomes, ['applied', 'unchanged'])
    await fake[Symbol.asyncDispose]()
  })

  test('waits for the start', async () => {
    const life: string[] = []
    const go = Promise.withResolvers<void>()
    await using fake = fakeSidecar({ modules: [fakeModule('logs', '1', life, { start: () => go.promise })] })
    const start = fake.sidecar.start()
    const reload = fake.sidecar.reload('signal')
    go.resolve()
    assert.ok((await start).ok)
    assert.equal((await reload).outcome, 'unchanged')
  })

  test('follows when the file changes while modules start, or while a reload is under way', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-reload-'))
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
    const path = join(folder, 'outrigger.yaml')
    await writeFile(path, '1')
    const life: string[] = []
    // The next version appears while this one starts.
    const version = (n: number) => ({
      files: [path],
      modules: [
        fakeModule('logs', `${n}`, life, {
          start: async () => {
            if (n === 3) return
            fake.configure(version(n + 1))
            await writeFile(path, '1'.repeat(n + 1))
          },
        }),
      ],
    })
    const fake = fakeSidecar(version(1))
    await using _ = fake
    await fake.sidecar.start()
    while (!life.includes('+logs(3)')) await new Promise(resolve => setTimeout(resolve, 10))
    assert.deepEqual(
      fake.sidecar.reloads.map(({ trigger }) => trigger),
      Array.from(fake.sidecar.reloads, () => 'file'),
    )
  })

  test('moves the admin listener while the request that asked for it is answered', async () => {
    await using fake = fakeSidecar({ listen: { host: '127.0.0.1', port: 0 } })
    await fake.sidecar.start()
    const before = fake.address()
    fake.configure({ listen: { host: 'localhost', port: 0 } })
    assert.equal(JSON.parse((await ask(before, 'POST /reload')).body).outcome, 'applied')
    assert.notEqual(fake.address(), before)
    assert.equal((await ask(fake.address(), '/healthz')).status, 200)
    await assert.rejects(ask(before, '/healthz'), { code: 'ECONNREFUSED' })
  })

  test('lets the admin API answer to further names at once', async () => {
    await using fake = fakeSidecar()
    await fake.sidecar.start()
    const status = async () => (await ask(fake.address(), '/status', { host: 'shop.internal' })).status
    assert.equal(await status(), 421)
    fake.configure({ hosts: ['shop.internal'] })
    await fake.sidecar.reload('file')
    assert.equal(await status(), 200)
  })

  test('moves the admin listener to every interface on the port that it has', async () => {
    await using fake = fakeSidecar({ listen: { host: '127.0.0.1', port: 0 } })
    await fake.sidecar.start()
    const port = Number(fake.address().split(':')[1])
    const first = { listen: { host: '127.0.0.1', port } }
    for (const next of [first, { listen: { host: '0.0.0.0', port } }, first]) {
      fake.configure(next)
      assert.equal((await fake.sidecar.reload('file')).outcome, 'applied')
      assert.equal((await ask(`127.0.0.1:${port}`, '/healthz')).status, 200)
    }
    assert.deepEqual(
      fake.records.filter(({ level }) => level === 'warn'),
      [],
    )
  })
})

test('the end drains, closes everything in reverse and leaves no timer', async () => {
  const clock = new FakeClock()
  const life: string[] = []
  const fake = fakeSidecar({ modules: [fakeModule('a', '1', life), fakeModule('b', '1', life)] }, clock)
  await fake.sidecar.start()
  using deadline = deadlineIn(clock, 1000)
  await fake.sidecar.stop(deadline)
  assert.deepEqual(life, ['+a(1)', '+b(1)', '.b', '.a', '-b(1)', '-a(1)'])
  await assert.rejects(ask(fake.address(), '/'), { code: 'ECONNREFUSED' })
  deadline[Symbol.dispose]()
  assert.equal(clock.pending, 0)
})
