import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { decodeProtobuf, type ReceivedExport, type ReceivedSpan } from '../../../../wire/otlp/decode-fake.ts'

export interface FakeCollector extends AsyncDisposable {
  readonly url: string
  readonly received: readonly ReceivedExport[]
  /** Requests, also those that were not taken. */
  readonly posts: number
  /** Answers the next request in this way instead of taking it. */
  answerNext(answer: (response: ServerResponse) => void): void
  /** Rejects with what was wrong with a request. */
  spans(count: number): Promise<readonly ReceivedSpan[]>
}

/** A collector that takes OTLP in protobuf and nothing else. */
export async function fakeCollector(): Promise<FakeCollector> {
  const received: ReceivedExport[] = []
  const answers: ((response: ServerResponse) => void)[] = []
  const waiting: { count: number; done: PromiseWithResolvers<readonly ReceivedSpan[]> }[] = []
  let posts = 0
  const all = () => received.flatMap(({ spans }) => spans)
  const server = createServer(async (request, response) => {
    posts++
    const body = await buffer(request)
    try {
      assert.equal(request.method, 'POST')
      assert.equal(request.url, '/v1/traces')
      assert.equal(request.headers['content-type'], 'application/x-protobuf')
      const decoded = decodeProtobuf(body)
      const answer = answers.shift()
      if (answer) return answer(response)
      received.push(decoded)
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    } catch (error) {
      for (const { done } of waiting) done.reject(error)
      response.writeHead(400).end()
    }
    for (const { count, done } of waiting) if (all().length >= count) done.resolve(all())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    received,
    get posts() {
      return posts
    },
    answerNext: answer => answers.push(answer),
    spans(count) {
      if (all().length >= count) return Promise.resolve(all())
      const done = Promise.withResolvers<readonly ReceivedSpan[]>()
      waiting.push({ count, done })
      return done.promise
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
