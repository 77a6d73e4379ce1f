// Calls of gRPC's C core (Debian's python3-grpcio) through the proxy to a server of the same.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { type FakeProxy, startConfigured, startProxy } from '../../../src/modules/proxy/proxy-fake.ts'
import { route, routed, to } from '../../../src/modules/proxy/routed-fake.ts'

const PYTHON = '/usr/bin/python3'
const hasGrpc = spawnSync(PYTHON, ['-c', 'import grpc']).status === 0
const UPSTREAM = { protocol: 'http2' }

describe('gRPC', { skip: hasGrpc ? false : 'not installed: python3-grpcio' }, () => {
  let server: ChildProcess
  const said: string[] = []
  let proxy: FakeProxy
  let wake = (): void => {}

  before(async () => {
    server = spawn(PYTHON, [join(import.meta.dirname, 'server.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: server.stdout! }).on('line', line => {
      said.push(line)
      wake()
    })
    await until(() => said.length > 0)
    proxy = await startProxy([`127.0.0.1:${said[0]}`], {}, undefined, UPSTREAM)
  })
  after(async () => {
    server.stdin!.end()
    if (server.exitCode === null) await once(server, 'exit')
    await proxy[Symbol.asyncDispose]()
  })

  async function until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>(resolve => {
        wake = resolve
      })
  }

  async function calls(port: number, ...names: string[]): Promise<string[]> {
    const client = spawn(PYTHON, [join(import.meta.dirname, 'client.py'), `127.0.0.1:${port}`, ...names], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    createInterface({ input: client.stdout }).on('line', line => lines.push(line))
    await once(client, 'close')
    return lines
  }

  test('passes in every form: unary, large, failing, unknown, and streams in either and both directions', async () => {
    assert.deepEqual(
      await calls(proxy.port, 'unary', 'large', 'fails', 'unknown', 'counts', 'sums', 'echoes'),
      [
        'unary: hello 5 OK',
        'large: 3000000',
        'fails: FAILED_PRECONDITION not so: café 100%',
        'unknown: UNIMPLEMENTED Method not found!',
        'counts: 2000',
        'sums: 2000000',
        'echoes: 0',
      ],
    )
  })

  test('has its deadline kept, and a cancel passed on: the server hears of both', async () => {
    const before = said.length
    const lines = await calls(proxy.port, 'deadline', 'cancels')
    assert.match(lines[0]!, /^deadline: DEADLINE_EXCEEDED /)
    assert.equal(lines[1], 'cancels: CANCELLED')
    await until(() => said.length === before + 2)
    assert.deepEqual(said.slice(before), ['ended', 'ended'])
  })

  test('goes by the GRPCRoute: by service and method, exactly or by expression', async () => {
    const rule = (backend: string, ...methods: object[]) => ({
      matches: methods.map(method => ({ method })),
      backendRefs: [to(backend)],
    })
    const calls80 = { endpoints: [{ address: `127.0.0.1:${said[0]}` }], ...UPSTREAM }
    const nobody80 = { endpoints: [{ address: '127.0.0.1:1' }], ...UPSTREAM }
    const rules = [
      rule('calls', { service: 'test.Echo', method: 'Unary' }, { method: 'Echoes' }),
      rule('calls', { type: 'RegularExpression', service: 'test[.].+', method: 'Counts|S.ms' }),
      rule('nobody', { service: 'test.Echo', method: 'Fails' }),
    ]
    const parents = [{ name: 'inside' }]
    await using byMethod = await startConfigured(
      routed(
        { 'calls.shop:80': calls80, 'nobody.shop:80': nobody80 },
        [route({ kind: 'GRPCRoute', parents, rules })],
        { routed: { gateway: 'inside' } },
      ),
    )
    const lines = await calls(byMethod.port, 'unary', 'echoes', 'counts', 'sums', 'fails', 'unknown')
    assert.deepEqual(lines.slice(0, 4), ['unary: hello 5 OK', 'echoes: 0', 'counts: 2000', 'sums: 2000000'])
    assert.match(lines[4]!, /^fails: UNAVAILABLE upstream_connect_failed: /)
    assert.match(lines[5]!, /^unknown: UNIMPLEMENTED route_not_found: /)
  })

  test('is UNAVAILABLE where no server is, and where one breaks the connection', async () => {
    await using nowhere = await startProxy(['127.0.0.1:1'], {}, undefined, UPSTREAM)
    const [refused] = await calls(nowhere.port, 'plain')
    assert.match(refused!, /^plain: UNAVAILABLE upstream_connect_failed: /)
    const breaks = createServer(socket => socket.once('data', () => socket.resetAndDestroy()))
    breaks.listen(0, '127.0.0.1')
    await once(breaks, 'listening')
    const address = breaks.address() as { port: number }
    await using broken = await startProxy([`127.0.0.1:${address.port}`], {}, undefined, UPSTREAM)
    const [reset] = await calls(broken.port, 'plain')
    breaks.close()
    assert.match(reset!, /^plain: UNAVAILABLE upstream_(?:reset|connect_failed): /)
  })
})
