import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, existsSync, writeSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Datagram } from './datagrams.ts'
import type { Address } from './module.ts'
import { Ports } from './sockets.ts'
import { connectUnixDatagrams } from './unix-datagrams.ts'

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 }

function claimant(t: TestContext, owner = 'logs') {
  const scope = new AsyncDisposableStack()
  t.after(() => scope.disposeAsync())
  return { owner, scope }
}

/** Notes what comes; `next` waits for it. */
function taker() {
  const waiting: ((datagram: Datagram) => void)[] = []
  const seen: Datagram[] = []
  return {
    take: (datagram: Datagram) => {
      const first = waiting.shift()
      if (first) first(datagram)
      else seen.push(datagram)
    },
    next: async () =>
      String((seen.shift() ?? (await new Promise<Datagram>(done => waiting.push(done)))).bytes),
  }
}

async function sendUdp(address: Address, ...texts: string[]): Promise<void> {
  assert.ok('port' in address)
  const socket = createSocket('udp4')
  socket.connect(address.port, address.host)
  await once(socket, 'connect')
  for (const text of texts) await new Promise(done => socket.send(text, done))
  socket.close()
}

function sendUnix(path: string, text: string): void {
  const descriptor = connectUnixDatagrams(path)
  assert.ok(descriptor !== undefined)
  writeSync(descriptor, text)
  closeSync(descriptor)
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'outrigger-datagrams-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

describe('a port for datagrams', () => {
  test('brings each with its sender', async t => {
    const { take, next } = taker()
    const { address } = await new Ports().receive(LOOPBACK, take, claimant(t))
    await sendUdp(address, 'one', 'two')
    assert.deepEqual([await next(), await next()], ['one', 'two'])
  })

  test('answers the sender', async t => {
    const ports = new Ports()
    const asked = ports.receive(
      LOOPBACK,
      async datagram => (await asked).send(Buffer.from('here'), datagram),
      claimant(t),
    )
    const { address } = await asked
    assert.ok('port' in address)
    const socket = createSocket('udp4')
    t.after(() => socket.close())
    socket.send('anybody?', address.port, address.host)
    const [answer] = await once(socket, 'message')
    assert.equal(String(answer), 'here')
  })

  test('keeps what comes between two instances of its module for the later one', async t => {
    const ports = new Ports()
    const early = claimant(t)
    const { address } = await ports.receive(LOOPBACK, () => assert.fail('too late'), early)
    ports.hold()
    await early.scope.disposeAsync()
    await sendUdp(address, 'between')
    const { take, next } = taker()
    const again = await ports.receive(LOOPBACK, take, claimant(t))
    assert.deepEqual(again.address, address)
    await ports.release()
    assert.equal(await next(), 'between')
  })

  test('says so when somebody else has the address', async t => {
    const other = createSocket('udp4')
    t.after(() => other.close())
    other.bind(0, '127.0.0.1')
    await once(other, 'listening')
    const taken = new Ports().receive(
      { host: '127.0.0.1', port: other.address().port },
      () => {},
      claimant(t),
    )
    await assert.rejects(taken, { code: 'EADDRINUSE', message: /another process listens there already/ })
  })

  test('may be a Unix socket, with its mode, which is gone afterwards', async t => {
    const path = join(await folder(t), 'log')
    const { take, next } = taker()
    const claim = claimant(t)
    await new Ports().receive({ path, mode: 0o622 }, take, claim)
    assert.equal((await stat(path)).mode & 0o777, 0o622)
    sendUnix(path, 'a message')
    assert.equal(await next(), 'a message')
    await claim.scope.disposeAsync()
    assert.equal(existsSync(path), false)
  })

  test('takes the place of a Unix socket whose process died, and leaves one that lives and other files', async t => {
    const path = join(await folder(t), 'log')
    const ports = new Ports()
    await ports.receive({ path }, () => {}, claimant(t))
    await assert.rejects(
      new Ports().receive({ path }, () => {}, claimant(t)),
      { code: 'EADDRINUSE' },
    )
    const file = join(await folder(t), 'file')
    await writeFile(file, 'text')
    await assert.rejects(
      new Ports().receive({ path: file }, () => {}, claimant(t)),
      { code: 'EEXIST' },
    )
  })

  test('cannot be connected to once nobody reads there', async t => {
    const path = join(await folder(t), 'log')
    assert.throws(() => connectUnixDatagrams(path), { code: 'ENOENT' })
  })
})
