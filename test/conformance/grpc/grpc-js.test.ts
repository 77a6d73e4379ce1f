// Calls of gRPC's implementation for Node through the proxy, to a server of the same.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import {
  type Client,
  credentials,
  Metadata,
  type MethodDefinition,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { type FakeProxy, startProxy } from '../../../src/modules/proxy/proxy-fake.ts'

const bytes = (value: Buffer): Buffer => value
const method = (path: string, requestStream: boolean, responseStream: boolean) =>
  ({
    path: `/test.Echo/${path}`,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  }) satisfies MethodDefinition<Buffer, Buffer>
const service = {
  unary: method('Unary', false, false),
  fails: method('Fails', false, false),
  hangs: method('Hangs', false, false),
  counts: method('Counts', false, true),
  sums: method('Sums', true, false),
  echoes: method('Echoes', true, true),
} satisfies ServiceDefinition

describe('gRPC of Node', () => {
  const server = new Server()
  const cancelled: string[] = []
  let proxy: FakeProxy
  let client: Client

  before(async () => {
    server.addService(service, {
      unary(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        const back = new Metadata()
        back.set('trail-bin', Buffer.from([0, 255, 10]))
        back.set('heard', call.metadata.get('asked').join())
        answer(null, call.request, back)
      },
      fails(_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        answer({ code: status.FAILED_PRECONDITION, details: 'not so: café 100%' })
      },
      hangs(call: ServerUnaryCall<Buffer, Buffer>, _answer: sendUnaryData<Buffer>) {
        call.on('cancelled', () => cancelled.push('hangs'))
      },
      counts(call: ServerWritableStream<Buffer, Buffer>) {
        for (let at = 0; at < call.request.readUInt32BE(); at++) call.write(Buffer.from(String(at)))
        call.end()
      },
      sums(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
        let sum = 0
        const read = async () => {
          for await (const message of call) sum += message.length
          answer(null, Buffer.from(String(sum)))
        }
        void read()
      },
      echoes(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', message => call.write(message))
        call.on('end', () => call.end())
      },
    })
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    proxy = await startProxy([`127.0.0.1:${port}`], {}, undefined, { protocol: 'http2' })
    const Made = makeClientConstructor(service, 'Echo')
    client = new Made(`127.0.0.1:${proxy.port}`, credentials.createInsecure())
  })
  after(async () => {
    client.close()
    server.forceShutdown()
    await proxy[Symbol.asyncDispose]()
  })

  /** A unary call; resolves with the error too. */
  function call(name: keyof typeof service, message: Buffer, options: object = {}) {
    const { path } = service[name]
    const metadata = new Metadata()
    metadata.set('asked', 'this')
    return new Promise<{ error: ServiceError | null; value?: Buffer | undefined; trailers: Metadata }>(
      resolve => {
        let outcome: { error: ServiceError | null; value?: Buffer | undefined }
        const under = client.makeUnaryRequest(
          path,
          bytes,
          bytes,
          message,
          metadata,
          options,
          (error, value) => {
            outcome = { error, value }
          },
        )
        under.on('status', ({ metadata: trailers }) => setImmediate(() => resolve({ ...outcome, trailers })))
      },
    )
  }

  test('a unary call passes with its metadata in both directions, binary trailers too', async () => {
    const { error, value, trailers } = await call('unary', Buffer.alloc(1_000_000, 'x'))
    assert.equal(error, null)
    assert.equal(value?.length, 1_000_000)
    assert.deepEqual(trailers.get('heard'), ['this'])
    assert.deepEqual(trailers.get('trail-bin'), [Buffer.from([0, 255, 10])])
  })

  test('an error keeps its code and its text', async () => {
    const { error } = await call('fails', Buffer.alloc(0))
    assert.deepEqual([error?.code, error?.details], [status.FAILED_PRECONDITION, 'not so: café 100%'])
  })

  test('a deadline ends the call on both sides', async () => {
    // Long enough for the call to arrive on a busy machine: one that never did is not cancelled there.
    const { error } = await call('hangs', Buffer.alloc(0), { deadline: Date.now() + 1000 })
    assert.equal(error?.code, status.DEADLINE_EXCEEDED)
    while (cancelled.length === 0) await new Promise(setImmediate)
  })

  test('a stream from the server comes whole and in order', async () => {
    const wanted = 5000
    const asked = Buffer.alloc(4)
    asked.writeUInt32BE(wanted)
    const stream = client.makeServerStreamRequest(service.counts.path, bytes, bytes, asked)
    const heard: string[] = []
    for await (const message of stream) heard.push(String(message))
    assert.deepEqual(
      heard,
      Array.from({ length: wanted }, (_, at) => String(at)),
    )
  })

  test('a stream from the client comes whole', async () => {
    const sum = await new Promise<string>((resolve, reject) => {
      const stream = client.makeClientStreamRequest(service.sums.path, bytes, bytes, (error, value) =>
        error ? reject(error) : resolve(String(value)),
      )
      for (let at = 0; at < 500; at++) stream.write(Buffer.alloc(2000))
      stream.end()
    })
    assert.equal(sum, '1000000')
  })

  test('streams in both directions take turns', async () => {
    const stream = client.makeBidiStreamRequest(service.echoes.path, bytes, bytes)
    for (let turn = 0; turn < 50; turn++) {
      stream.write(Buffer.from(`turn ${turn}`))
      const [message] = await once(stream, 'data')
      assert.equal(String(message), `turn ${turn}`)
    }
    stream.end()
    const [{ code }] = await once(stream, 'status')
    assert.equal(code, status.OK)
  })
})
