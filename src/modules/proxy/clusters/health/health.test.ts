import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import { systemClock } from '../../../../kernel/clock/system.ts'
import { Member } from '../member.ts'
import { HealthChecker } from './checker.ts'
import { type HealthCheckConfig, healthCheck } from './config.ts'
import { MemberChecks } from './member-checks.ts'
import { createProbe } from './probe.ts'

function configOf(config: Record<string, unknown>): HealthCheckConfig {
  const decoded = healthCheck.decode(config)
  assert.ok(decoded.ok)
  return decoded.value
}

describe('the health checker', () => {
  function checker(results: (string | undefined)[], options: { random?: number; busy?: boolean } = {}) {
    const clock = new FakeClock()
    const told: string[] = []
    const running = new HealthChecker(
      configOf({ http: {} }).config,
      { run: async () => results.shift() },
      {
        clock,
        random: () => options.random ?? 0.5,
        busy: () => options.busy ?? true,
        checked: reason => void told.push(reason ?? 'passed'),
        verdict: (healthy, reason) => void told.push(healthy ? 'UP' : `DOWN ${reason}`),
      },
    )
    return { clock, told, running }
  }

  for (const [name, results, expected] of [
    ['the first check decides alone, for', [undefined], ['passed', 'UP']],
    ['the first check decides alone, against', ['no'], ['no', 'DOWN no']],
    [
      'two failures are not enough',
      [undefined, 'no', 'no', undefined],
      ['passed', 'UP', 'no', 'no', 'passed'],
    ],
    ['three are', [undefined, 'no', 'no', 'no'], ['passed', 'UP', 'no', 'no', 'no', 'DOWN no']],
    [
      'failures must be in a row',
      [undefined, 'no', 'no', undefined, 'no', 'no'],
      ['passed', 'UP', 'no', 'no', 'passed', 'no', 'no'],
    ],
    ['it takes two to come back', ['no', undefined, undefined], ['no', 'DOWN no', 'passed', 'passed', 'UP']],
  ] as const) {
    it(`follows its thresholds: ${name}`, async () => {
      const { clock, told, running } = checker([...results])
      await clock.elapse((results.length - 1) * 10_000)
      running[Symbol.dispose]()
      assert.deepEqual(told, expected)
    })
  }

  for (const [random, busy, nextMs] of [
    [0, true, 9000],
    [0.5, true, 10_000],
    [0.5, false, 60_000],
  ] as const) {
    it(`checks again after ${nextMs} ms`, async () => {
      const { clock, running } = checker([], { random, busy })
      await clock.elapse(0)
      assert.equal(clock.nextMs, nextMs)
      running[Symbol.dispose]()
      assert.equal(clock.pending, 0)
    })
  }

  it('fails a check that takes too long', async () => {
    const clock = new FakeClock()
    const told: string[] = []
    const hung = (signal: AbortSignal) =>
      new Promise<string>(resolve => signal.addEventListener('abort', () => resolve('aborted')))
    new HealthChecker(
      configOf({ tcp: { timeout: '2s' } }).config,
      { run: hung },
      {
        clock,
        random: () => 0.5,
        busy: () => true,
        checked: () => {},
        verdict: (healthy, reason) => void told.push(`${healthy} ${reason}`),
      },
    )
    await clock.elapse(2000)
    assert.deepEqual(told, ['false no answer within 2000 ms'])
  })

  it('wants all checks of an endpoint to pass', async () => {
    const clock = new FakeClock()
    const told: string[] = []
    let second: string | undefined = 'no'
    const world = { clock, random: () => 0.5, busy: () => true, checked: () => {} }
    const checks = new MemberChecks(
      [configOf({ http: {} }), configOf({ tcp: {} })],
      ({ kind }) => ({ run: async () => (kind === 'tcp' ? second : undefined) }),
      { ...world, verdict: (healthy, reason) => void told.push(`${healthy} ${reason}`) },
    )
    await clock.elapse(0)
    assert.deepEqual(told, ['false no'])
    second = undefined
    await clock.elapse(20_000)
    assert.deepEqual(told, ['false no', 'true undefined'])
    checks[Symbol.dispose]()
    assert.equal(clock.pending, 0)
  })
})

describe('a probe', () => {
  const world = { clock: systemClock(), tls: undefined }
  const endpoint = (port: number) => new Member({ host: '127.0.0.1', port, weight: 1 }, 0, false)
  const run = (config: HealthCheckConfig, port: number) =>
    createProbe(config, endpoint(port), world).run(new AbortController().signal)

  it('asks by HTTP for a path of a host, and takes the expected statuses', async t => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host}`)
      response.writeHead(request.url === '/ok' ? 204 : 500).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const statuses = [200, 204]
    assert.equal(await run(configOf({ http: { path: '/ok', host: 'shop', statuses } }), port), undefined)
    assert.equal(await run(configOf({ http: { path: '/bad' } }), port), 'it answered 500')
    // The port of the check wins over that of the traffic.
    assert.equal(await run(configOf({ http: { path: '/ok', statuses, port } }), 1), undefined)
    assert.deepEqual(asked, ['GET /ok shop', `GET /bad 127.0.0.1:${port}`, `GET /ok 127.0.0.1:${port}`])
  })

  it('connects by TCP, and says why it cannot', async () => {
    const server = createTcpServer(socket => socket.end())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    for (const config of [configOf({ tcp: {} })]) assert.equal(await run(config, port), undefined)
    await new Promise(resolve => server.close(resolve))
    assert.match((await run(configOf({ tcp: {} }), port)) ?? '', /ECONNREFUSED/)
    assert.match((await run(configOf({ http: {} }), port)) ?? '', /refused the connection/)
  })

  describe('by gRPC', () => {
    /** The answer of grpc.health.v1: a message and a status in trailers, or a status alone in the head. */
    const answers: Record<string, (stream: ServerHttp2Stream) => void> = {
      '': stream => message(stream, [0x08, 1]),
      'shop.Checkout': stream => message(stream, [0x08, 1]),
      'shop.Ill': stream => message(stream, [0x08, 2]),
      'shop.Strange': stream => message(stream, [0x0b]),
      'shop.Failing': stream => message(stream, [0x08, 1], '14'),
      'shop.Unknown': stream =>
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
          { endStream: true },
        ),
      'shop.Absent': stream =>
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
          { endStream: true },
        ),
      'shop.Web': stream => stream.respond({ ':status': 404 }, { endStream: true }),
    }

    function message(stream: ServerHttp2Stream, bytes: number[], status = '0'): void {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
      stream.end(Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]))
    }

    async function grpcServer(t: { after(done: () => void): void }): Promise<number> {
      const server = createHttp2Server()
      server.on('stream', (stream: ServerHttp2Stream, headers) => {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const strict = headers[':path'] === '/grpc.health.v1.Health/Check' && headers.te === 'trailers'
          if (strict) answers[Buffer.concat(chunks).subarray(7).toString()]!(stream)
          else stream.respond({ ':status': 400 }, { endStream: true })
        })
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      t.after(() => void server.close())
      return (server.address() as AddressInfo).port
    }

    for (const [service, reason] of [
      ['', undefined],
      ['shop.Checkout', undefined],
      ['shop.Ill', 'it says NOT_SERVING'],
      ['shop.Strange', 'it answered something that is no HealthCheckResponse'],
      ['shop.Failing', 'it answered gRPC status 14'],
      ['shop.Unknown', 'it does not know the service shop.Unknown'],
      ['shop.Absent', 'it does not offer grpc.health.v1.Health'],
      ['shop.Web', 'it answered HTTP status 404 to gRPC'],
    ] as const)
      it(`says of ${service || 'the whole server'}: ${reason ?? 'it passes'}`, async t =>
        assert.equal(await run(configOf({ grpc: { service } }), await grpcServer(t)), reason))

    it('fails at a server that speaks HTTP/1.1', async t => {
      const server = createServer((_, response) => response.end())
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      t.after(() => void server.close())
      assert.match(
        (await run(configOf({ grpc: {} }), (server.address() as AddressInfo).port)) ?? '',
        /malformed HTTP\/2/,
      )
    })
  })
})
