import { Duplex } from 'node:stream'
import type { IncomingBody } from '../incoming-body.ts'
import { clientGone } from './error.ts'
import type { ResponseBody, ServerResponse } from './response.ts'

/**
 * The two bodies of an HTTP/2 stream as one connection, for another protocol (RFC 8441). Each side ends by itself;
 * destroying it resets the stream, and a stream that is reset destroys it.
 */
export function streamTunnel(body: IncomingBody, answer: ResponseBody, response: ServerResponse): Duplex {
  let written: (() => void) | undefined
  const tunnel = new Duplex({
    allowHalfOpen: true,
    read: () => body.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (answer.put(chunk)) done()
      else written = done
    },
    final(done) {
      answer.end()
      done()
    },
    destroy(error, done) {
      answer.abort()
      body.discard()
      done(error)
    },
  })
  response.observer = {
    drained() {
      const done = written
      written = undefined
      done?.()
    },
    gone: () => tunnel.destroy(clientGone()),
  }
  body.pipeTo({
    data(chunk) {
      if (!tunnel.push(chunk)) body.pause()
    },
    end: () => tunnel.push(null),
    fail: error => tunnel.destroy(error),
  })
  return tunnel
}
