import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { Authority, type Identity } from '../../../test/fakes/certificates.ts'
import { FakeClock } from '../clock/fake.ts'
import { MemoryLog } from '../log/memory.ts'
import { openServerTls } from './acceptor.ts'

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-server-tls-'))
  const scope = new AsyncDisposableStack()
  t.after(async () => {
    await scope.disposeAsync()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const [authority, clock, log] = [new Authority(), new FakeClock(), new MemoryLog('test')]
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), minVersion: 'TLSv1.2' as const }
  const put = async (identity: Identity) => {
    await writeFile(tls.key, identity.key)
    await writeFile(tls.cert, identity.cert)
  }
  await put(authority.issue('first', ['127.0.0.1']))
  const given = { tls, alpn: [], key: 'a.listener', onFailure: () => {} }
  const acceptor = await openServerTls(given, { clock, log, scope })
  const server = createServer(raw => acceptor.accept(raw, socket => socket.end())).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  scope.defer(() => void server.close())
  /** Whose certificate is shown. */
  const shown = () =>
    new Promise<string>((resolve, reject) => {
      const { port } = server.address() as { port: number }
      const socket = connect({ host: '127.0.0.1', port, ca: authority.cert }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.end()
      })
      socket.on('error', reject).resume()
    })
  /** Until the log says so: files are looked at beside the clock. */
  const told = async (event: string) => {
    while (!log.records.some(record => record.event === event)) {
      clock.advance(10_000)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  return { authority, put, shown, told, log, tls }
}

test('a certificate that is replaced is shown from then on', async t => {
  const { authority, put, shown, told } = await world(t)
  assert.equal(await shown(), 'first')
  await put(authority.issue('second', ['127.0.0.1']))
  await told('certificate_renewed')
  while ((await shown()) !== 'second') await told('certificate_renewed')
})

test('one that cannot be used leaves the present one, and the log says where', async t => {
  const { tls, shown, told, log } = await world(t)
  await writeFile(tls.cert, 'no certificate')
  await told('certificate_unusable')
  assert.match(log.records.at(-1)!.message, /^a\.listener goes on with the old certificate: /)
  assert.equal(await shown(), 'first')
})

test('files that are not there stop the start, and the message names the option', async () => {
  const tls = { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem', minVersion: 'TLSv1.2' as const }
  await using scope = new AsyncDisposableStack()
  const given = { tls, alpn: [], key: 'a.listener', onFailure: () => {} }
  await assert.rejects(
    openServerTls(given, { clock: new FakeClock(), log: new MemoryLog('test'), scope }),
    /the file of a\.listener\.tls\.cert cannot be read/,
  )
})
