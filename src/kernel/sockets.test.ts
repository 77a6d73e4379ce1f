import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { systemClock } from './clock/system.ts'
import { fakeHost } from './host-fake.ts'
import type { Address } from './module.ts'
import { Ports } from './sockets.ts'

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 }

function claimant(owner: string) {
  const scope = new AsyncDisposableStack()
  return { owner, scope }
}

async function dial(address: Address): Promise<Socket> {
  const socket = 'path' in address ? connect(address.path) : connect(address.port, address.host)
  await once(socket, 'connect')
  return socket
}

async function reads(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data')
  return String(chunk)
}

const answers = (text: string) => (socket: Socket) => void socket.on('data', () => socket.write(text))

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'outrigger-ports-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 9 }))
  return path
}

describe('a port', () => {
  test('is closed with the scope of who listens', async () => {
    const ports = new Ports()
    const claim = claimant('logs')
    const { address } = await ports.listen(LOOPBACK, socket => socket.end('hello'), claim)
    assert.equal(await reads(await dial(address)), 'hello')
    await claim.scope.disposeAsync()
    await assert.rejects(dial(address), { code: 'ECONNREFUSED' })
  })

  test('is closed by hand too, and its connections live on', async () => {
    const ports = new Ports()
    const claim = claimant('logs')
    const listening = await ports.listen(LOOPBACK, answers('x'), claim)
    const socket = await dial(listening.address)
    socket.write('1')
    assert.equal(await reads(socket), 'x')
    await listening.close()
    await assert.rejects(dial(listening.address), { code: 'ECONNREFUSED' })
    socket.write('2')
    assert.equal(await reads(socket), 'x')
    socket.destroy()
    await claim.scope.disposeAsync()
  })

  test('outlives its module during a reload: connections in flight, new ones, and those between the two instances', async () => {
    const ports = new Ports()
    const old = claimant('proxy')
    const { address } = await ports.listen(LOOPBACK, answers('old'), old)
    const inFlight = await dial(address)
    inFlight.write('1')
    assert.equal(await reads(inFlight), 'old')

    ports.hold()
    await old.scope.disposeAsync()
    const between = await dial(address)
    between.write('1')
    const next = claimant('proxy')
    const { address: again } = await ports.listen(LOOPBACK, answers('new'), next)
    await ports.release()

    assert.deepEqual(again, address)
    assert.equal(await reads(between), 'new')
    inFlight.write('2')
    assert.equal(await reads(inFlight), 'old')
    const after = await dial(address)
    after.write('1')
    assert.equal(await reads(after), 'new')
    for (const socket of [inFlight, between, after]) socket.destroy()
    await next.scope.disposeAsync()
  })

  test('gives way to the same port on every interface', async () => {
    const ports = new Ports()
    const old = claimant('admin')
    const { address } = await ports.listen(LOOPBACK, answers('old'), old)
    assert.ok('port' in address)
    ports.hold()
    await old.scope.disposeAsync()
    const next = claimant('admin')
    await ports.listen({ host: '0.0.0.0', port: address.port }, answers('wide'), next)
    await ports.release()
    const socket = await dial(address)
    socket.write('1')
    assert.equal(await reads(socket), 'wide')
    socket.destroy()
    await next.scope.disposeAsync()
  })

  test('that nobody takes over is closed at the end of the reload, with those who waited', async () => {
    const ports = new Ports()
    const old = claimant('proxy')
    const { address } = await ports.listen(LOOPBACK, answers('old'), old)
    ports.hold()
    await old.scope.disposeAsync()
    const between = await dial(address)
    const closed = once(between, 'close')
    await ports.release()
    await closed
    await assert.rejects(dial(address), { code: 'ECONNREFUSED' })
  })

  test('that another module wants during a reload goes to it', async () => {
    const ports = new Ports()
    const old = claimant('proxy')
    const { address } = await ports.listen(LOOPBACK, answers('old'), old)
    await assert.rejects(
      ports.listen(address, () => {}, claimant('api')),
      /module proxy listens there already/,
    )
    ports.hold()
    await old.scope.disposeAsync()
    const next = claimant('api')
    await ports.listen(address, answers('api'), next)
    await ports.release()
    const socket = await dial(address)
    socket.write('1')
    assert.equal(await reads(socket), 'api')
    socket.destroy()
    await next.scope.disposeAsync()
  })

  test('in use by another process is refused with the address and the mend', async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    t.after(() => taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    await assert.rejects(
      new Ports().listen({ host: '127.0.0.1', port }, () => {}, claimant('x')),
      {
        code: 'EADDRINUSE',
        message: `cannot listen on 127.0.0.1:${port}: another process listens there already; stop it or choose another address`,
      },
    )
  })

  test('in use by another module names it', async t => {
    const path = join(await folder(t), 'x.sock')
    const ports = new Ports()
    const proxy = claimant('proxy')
    await ports.listen({ path }, () => {}, proxy)
    await assert.rejects(
      ports.listen({ path }, () => {}, claimant('logs')),
      /cannot listen on .*x\.sock: module proxy listens there already/,
    )
    await proxy.scope.disposeAsync()
  })

  test('that a peer resets at once does not end the process', async () => {
    const host = fakeHost({ clock: systemClock() })
    const seen = Promise.withResolvers<void>()
    const { address } = await host.listen(LOOPBACK, socket => {
      socket.on('close', () => seen.resolve())
      socket.resume()
    })
    const socket = await dial(address)
    socket.resetAndDestroy()
    await seen.promise
    await host.close()
  })
})

describe('a Unix socket', () => {
  test('has the mode that was asked for, and its file goes with it', async t => {
    const path = join(await folder(t), 'x.sock')
    const claim = claimant('x')
    await new Ports().listen({ path, mode: 0o600 }, socket => socket.end('hello'), claim)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal(await reads(await dial({ path })), 'hello')
    await claim.scope.disposeAsync()
    await assert.rejects(stat(path), { code: 'ENOENT' })
  })

  test('takes the place of a file that a dead process left', async t => {
    const path = join(await folder(t), 'x.sock')
    await leaveStale(path)
    const claim = claimant('x')
    await new Ports().listen({ path }, socket => socket.end('hello'), claim)
    assert.equal(await reads(await dial({ path })), 'hello')
    await claim.scope.disposeAsync()
  })

  test('leaves a socket alone on which somebody answers', async t => {
    const path = join(await folder(t), 'x.sock')
    const taken = createServer().listen(path)
    t.after(() => taken.close())
    await once(taken, 'listening')
    await assert.rejects(
      new Ports().listen({ path }, () => {}, claimant('x')),
      { code: 'EADDRINUSE' },
    )
    await stat(path)
  })

  test('leaves any other file alone', async t => {
    const path = join(await folder(t), 'precious')
    await writeFile(path, 'data')
    await assert.rejects(
      new Ports().listen({ path }, () => {}, claimant('x')),
      /a file that is no socket is there/,
    )
    assert.equal((await stat(path)).size, 4)
  })

  test('in a folder that is missing is refused in words', async t => {
    const path = join(await folder(t), 'no', 'x.sock')
    await assert.rejects(
      new Ports().listen({ path }, () => {}, claimant('x')),
      /its folder does not exist/,
    )
  })
})

/** A socket file without a listener, as a killed process leaves it. */
async function leaveStale(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await once(spawn(process.execPath, ['-e', script]), 'exit')
  await stat(path)
}
