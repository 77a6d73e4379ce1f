/** The proxy between the programs that people put beside it: nginx, HAProxy, curl, wrk and h2load. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Certificates, certificateFiles, type Speech } from '../../bench/support/hop.ts'
import { ownFolder, type Program } from '../../bench/support/programs.ts'
import { startBackend, startHaproxy } from '../../bench/support/proxies.ts'
import { freePort } from '../../bench/support/sidecars.ts'
import { decodedProxy, type StartedProxy, startConfigured } from '../../src/modules/proxy/proxy-fake.ts'
import { missing } from '../fakes/programs.ts'

const skip = missing('nginx', 'haproxy', 'curl', 'wrk', 'h2load', 'openssl')
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
process.env['PATH'] = env.PATH

/** The stdout of a program; a code other than 0 rejects. */
async function said(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { env, maxBuffer: 1 << 24, timeout: 60_000 })
  return stdout
}

const curl = (...args: string[]) => said('curl', '-sS', '--max-time', '30', ...args)

interface Upstreams {
  readonly port: number
  readonly protocol?: 'http1' | 'http2'
}

function sidecar({ port, protocol = 'http1' }: Upstreams): Promise<StartedProxy> {
  return startConfigured(
    decodedProxy({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'back' }],
      upstreams: { back: { endpoints: [{ address: `127.0.0.1:${port}` }], protocol } },
    }),
  )
}

describe('beside real peers', { skip }, () => {
  let certificates: Certificates
  const programs: Program[] = []
  const ports: Partial<Record<Speech, number>> = {}
  const backend = (speech: Speech) => ports[speech]!

  before(async () => {
    if (skip) return
    certificates = certificateFiles()
    for (const speech of ['http1', 'http2'] as const) {
      ports[speech] = await freePort()
      programs.push(await startBackend(ports[speech], speech, certificates))
    }
  })
  after(async () => {
    for (const program of programs) await program.stop()
    if (certificates) rmSync(certificates.folder, { recursive: true, force: true, maxRetries: 9 })
  })

  const speeches: [from: string, flag: string, to: Speech, protocol: 'http1' | 'http2'][] = [
    ['HTTP/1.1', '--http1.1', 'http1', 'http1'],
    ['HTTP/2', '--http2-prior-knowledge', 'http1', 'http1'],
    ['HTTP/1.1', '--http1.1', 'http2', 'http2'],
    ['HTTP/2', '--http2-prior-knowledge', 'http2', 'http2'],
  ]
  for (const [from, flag, to, protocol] of speeches) {
    test(`nginx answers curl the same through the proxy as without it: ${from} to ${protocol}`, async () => {
      await using proxy = await sidecar({ port: backend(to), protocol })
      const direct = `http://127.0.0.1:${backend('http1')}`
      const through = `http://127.0.0.1:${proxy.port}`
      const asks: string[][] = [
        ['/small'],
        ['/large'],
        ['/large', '-r', '100-299'],
        ['/small', '-I'],
        ['/none'],
        ['/small', '-X', 'POST', '-d', 'a=b'],
        ['/small', '-H', 'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'],
      ]
      for (const [path, ...more] of asks) {
        const show = ['-o', '-', '-w', '\n%{http_code} %{content_type} %{size_download}', ...more]
        const body = (text: string) => (more.includes('-I') ? text.split('\n').at(-1) : text)
        assert.equal(
          body(await curl(flag, ...show, through + path)),
          body(await curl('--http1.1', ...show, direct + path)),
          path,
        )
      }
    })
  }

  test('wrk finds no request that fails', async () => {
    await using proxy = await sidecar({ port: backend('http1') })
    const report = await said('wrk', '-t1', '-c32', '-d2s', `http://127.0.0.1:${proxy.port}/small`)
    assert.match(report, /Requests\/sec: +[1-9]/)
    assert.doesNotMatch(report, /Non-2xx|Socket errors/, report)
  })

  for (const [to, protocol] of [
    ['http1', 'http1'],
    ['http2', 'http2'],
  ] as const) {
    test(`h2load finds no stream that fails, before a backend of ${protocol}`, async () => {
      await using proxy = await sidecar({ port: backend(to), protocol })
      const report = await said(
        'h2load',
        '-n',
        '4000',
        '-c',
        '4',
        '-m',
        '16',
        `http://127.0.0.1:${proxy.port}/large`,
      )
      assert.match(
        report,
        /4000 total, 4000 started, 4000 done, 4000 succeeded, 0 failed, 0 errored, 0 timeout/,
        report,
      )
    })
  }

  test('HAProxy stands before one proxy and behind another: what is sent up and down arrives whole', async t => {
    const server = createServer((request, response) => {
      const hash = createHash('sha256')
      request.on('data', chunk => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    await using inner = await sidecar({ port: (server.address() as AddressInfo).port })
    const middle = await freePort()
    programs.push(
      await startHaproxy({ port: middle, backendPort: inner.port, from: 'http1', to: 'http1' }, certificates),
    )
    await using outer = await sidecar({ port: middle })
    const folder = ownFolder('upload')
    t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
    const bytes = randomBytes(5 * 1024 * 1024)
    writeFileSync(join(folder, 'file'), bytes)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const to = `http://127.0.0.1:${outer.port}/`
    assert.equal(await curl('-T', join(folder, 'file'), to), hash)
    assert.equal(await curl('-T', join(folder, 'file'), '-H', 'Transfer-Encoding: chunked', to), hash)
    assert.equal(await curl('--http2-prior-knowledge', '-T', join(folder, 'file'), to), hash)
  })
})
