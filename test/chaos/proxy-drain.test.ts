import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawPeer } from '../../src/http/raw-peer-fake.ts'
import { rawBackend } from '../../src/modules/proxy/proxy-fake.ts'
import { ProxySidecar } from './proxy-sidecar.ts'

const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'

/** Says what it was told to do, asks through the sidecar after its SIGTERM, and ends when it has its answer. */
const application = (outbound: number) => `
const ask = port => fetch('http://127.0.0.1:' + port + '/last').then(answer => answer.text())
process.on('SIGTERM', async () => {
  const said = await ask(${outbound})
  process.exit(said === 'hi' ? 7 : 1)
})
setInterval(() => {}, 1000)
require('node:fs').writeFileSync('started', '')
`

test('SIGTERM: what is under way is finished, and calls of the application get through until it has ended', {
  timeout: 60_000,
}, async () => {
  await using scope = new AsyncDisposableStack()
  const [inner, outer] = [await rawBackend(), await rawBackend()]
  scope.defer(() => inner.close())
  scope.defer(() => outer.close())
  const place = await rawBackend()
  const outbound = Number(place.address.split(':')[1])
  place.close()
  const sidecar = scope.use(
    await ProxySidecar.start(
      {
        listeners: [
          { name: 'in', listen: '127.0.0.1:0', upstream: 'inner' },
          { name: 'out', listen: `127.0.0.1:${outbound}`, upstream: 'outer' },
        ],
        upstreams: {
          inner: { endpoints: [{ address: inner.address }] },
          outer: { endpoints: [{ address: outer.address }] },
        },
      },
      [process.execPath, '-e', application(outbound)],
    ),
  )
  const ports = [await sidecar.listens(), await sidecar.listens()]
  const inbound = ports.find(port => port !== outbound)!
  while (!existsSync(join(sidecar.folder, 'started'))) await new Promise(resolve => setTimeout(resolve, 20))

  const client = await RawPeer.connect(inbound)
  client.say(GET)
  const served = await inner.next()
  await served.hears(/\r\n\r\n/)
  const ended = sidecar.end('SIGTERM')
  // The application asks while it ends; its call goes through.
  const last = await outer.next()
  await last.hears(/\/last[\s\S]*\r\n\r\n/)
  last.say(OK)
  // The application has ended when the modules drain.
  await sidecar.says('draining')
  served.say(OK)
  assert.match(await client.hears(/hi$/), /\r\nConnection: close\r\n/)
  assert.equal(await client.end().then(() => 'ended'), 'ended')
  client.socket.end()
  assert.equal(await ended, 7, sidecar.tail)
  const late = connect({ port: inbound, host: '127.0.0.1' })
  const [error] = await once(late, 'error')
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')
})
