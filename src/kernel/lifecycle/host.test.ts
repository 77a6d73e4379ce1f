import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RouteTable } from '../admin/routes.ts'
import { FakeClock } from '../clock/fake.ts'
import { Logger } from '../log/logger.ts'
import { Registry } from '../metrics/registry.ts'
import { Ports } from '../sockets.ts'
import { openHost, type Services } from './host.ts'

function services(overrides: Partial<Services> = {}): Services {
  const clock = new FakeClock()
  return {
    clock,
    logger: new Logger({ write: () => {}, format: () => '', clock }),
    registry: new Registry(),
    ports: new Ports(),
    routes: new RouteTable(),
    env: {},
    share: () => ({ run: (_, call) => call(), slice: () => undefined }),
    dataDir: () => '/nowhere',
    offer: () => undefined,
    ...overrides,
  }
}

describe('a host', () => {
  test("makes the module's folder on first use", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'outrigger-host-'))
    try {
      const { host } = openHost('logs', services({ dataDir: () => join(dataDir, 'state') }))
      await assert.rejects(stat(join(dataDir, 'state')), { code: 'ENOENT' })
      const path = await host.dataDir()
      assert.equal(path, join(dataDir, 'state', 'logs'))
      assert.equal(await host.dataDir(), path)
      assert.ok((await stat(path)).isDirectory())
    } finally {
      await rm(dataDir, { recursive: true, maxRetries: 9 })
    }
  })

  test('names the option when the folder cannot be made, and tries again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'outrigger-host-'))
    try {
      const file = join(dataDir, 'state')
      await writeFile(file, '')
      const { host } = openHost('logs', services({ dataDir: () => file }))
      await assert.rejects(
        host.dataDir(),
        /^Error: dataDir: cannot make the folder .*state\/logs: .*(EEXIST|ENOTDIR).*; name a folder in dataDir/,
      )
      await rm(file)
      assert.equal(await host.dataDir(), join(file, 'logs'))
    } finally {
      await rm(dataDir, { recursive: true, maxRetries: 9 })
    }
  })

  test("measures timers on the module's account", () => {
    const clock = new FakeClock()
    const ran: string[] = []
    const share: Services['share'] = module => ({
      run: (doing, call) => {
        ran.push(`${module} ${doing}`)
        return call()
      },
      slice: () => undefined,
    })
    const { host } = openHost('logs', services({ clock, share }))
    let calls = 0
    host.clock.timeout(10, () => calls++)
    host.clock.interval(10, () => calls++)
    clock.advance(20)
    assert.equal(calls, 3)
    assert.deepEqual(ran, ['logs timer', 'logs timer', 'logs timer'])
  })

  test('tells the module to stop before it undoes what it acquired', async () => {
    const { host, close } = openHost('logs', services())
    let aborted: boolean | undefined
    host.scope.defer(() => {
      aborted = host.signal.aborted
    })
    await close()
    assert.equal(aborted, true)
    assert.match(String(host.signal.reason), /module logs stops/)
  })
})
