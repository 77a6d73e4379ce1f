import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { readClientHello } from './client-hello.ts'

/** What OpenSSL sends. */
async function hello(options: object): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return bytes
}

describe('a ClientHello', () => {
  let bytes: Buffer
  before(async () => {
    bytes = await hello({ servername: 'Shop.Example.com', ALPNProtocols: ['h2', 'http/1.1'] })
  })

  test('names the server and the protocols', () => {
    assert.deepEqual(readClientHello(bytes), { serverName: 'shop.example.com', alpn: ['h2', 'http/1.1'] })
  })

  test('need name nothing', async () => {
    assert.deepEqual(readClientHello(await hello({})), { serverName: undefined, alpn: [] })
  })

  test('is asked for more at every place where it may be cut', () => {
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readClientHello(bytes.subarray(0, length)), 'more', `cut at ${length}`)
  })

  test('is the same spread over records of any size', () => {
    const message = bytes.subarray(5)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1 }), sizes => {
        const records: Buffer[] = []
        for (let at = 0, turn = 0; at < message.length; turn++) {
          const part = message.subarray(at, at + sizes[turn % sizes.length]!)
          records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part)
          at += part.length
        }
        assert.deepEqual(readClientHello(Buffer.concat(records)), readClientHello(bytes))
      }),
    )
  })

  test('with any byte changed is read, refused or waited for, and never makes the reader fail', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4096 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const changed = Buffer.from(bytes)
        changed[at % changed.length] = value
        const read = readClientHello(changed)
        if (typeof read === 'object' && read.serverName !== undefined)
          assert.match(read.serverName, /^[a-z0-9_.-]+$/)
      }),
      { numRuns: 3000 },
    )
  })

  test('is never seen in random bytes as an error of the reader', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), tail => {
        readClientHello(tail)
        readClientHello(Uint8Array.of(22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, ...tail))
      }),
      { numRuns: 2000 },
    )
  })

  for (const [what, make] of [
    ['another record', () => Buffer.from([21, 3, 1, 0, 2])],
    ['another version', () => Buffer.from([22, 2, 0])],
    ['an empty record', () => Buffer.from([22, 3, 1, 0, 0])],
    ['another message', () => Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    ['a message of 4 MB', () => Buffer.from([22, 3, 1, 0, 4, 1, 0x40, 0, 0])],
    ['a server name twice', () => extended([...NAME_EXTENSION, ...NAME_EXTENSION])],
    ['a name with a NUL', () => extended([0, 0, 0, 8, 0, 6, 0, 0, 3, 97, 0, 98])],
    ['a name that is empty', () => extended([0, 0, 0, 5, 0, 3, 0, 0, 0])],
    ['a list of names that is longer than its extension', () => extended([0, 0, 0, 6, 0, 9, 0, 0, 1, 97])],
    ['an extension that is longer than the message', () => extended([0, 0, 0, 99])],
    ['an empty protocol', () => extended([0, 16, 0, 3, 0, 1, 0])],
  ] as const)
    test(`is not ${what}`, () => assert.equal(readClientHello(make()), 'broken'))
})

const NAME_EXTENSION = [0, 0, 0, 6, 0, 4, 0, 0, 1, 97]

function extended(extensions: readonly number[]): Buffer {
  const body = [3, 3, ...new Array(32).fill(7), 0, 0, 2, 19, 1, 1, 0, 0, extensions.length, ...extensions]
  return Buffer.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body])
}
