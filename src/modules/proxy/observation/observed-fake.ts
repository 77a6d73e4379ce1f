import type { IncomingBody } from '../../../http/incoming-body.ts'
import { ServerRequest } from '../../../http/server/request.ts'
import { parseRequestHead } from '../../../wire/http1/head.ts'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { DEFAULT_HEAD_LIMITS } from '../../../wire/http1/limits.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import { type Conclusion, Observed } from './observed.ts'

const HEAD =
  'POST /cart?token=hush&n=1 HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: a "quoted" one\r\nReferer: http://x/\r\nAuthorization: Basic hush\r\nX-Forwarded-For: 10.1.1.1\r\nX-Request-Id: 42\r\n'

const endpoint: Endpoint = { key: '10.0.0.1:8080', host: '10.0.0.1', port: 8080, weight: 1 }

/** For tests: a request that began at 2026-01-31T12:00:00.250Z and took 30 ms. */
export function fakeObserved(head = HEAD): Observed {
  const request = new ServerRequest(
    parseRequestHead(head, DEFAULT_HEAD_LIMITS),
    undefined as unknown as IncomingBody,
    { address: '10.9.9.9', fromLoopback: false, tls: undefined },
  )
  const observed = new Observed('front', request, {
    startedAtMs: Date.UTC(2026, 0, 31, 12, 0, 0, 250),
    startMs: 1000,
    requestId: request.headers.get('x-request-id'),
    trace: undefined,
    witness: { ended() {} },
  })
  observed.tries = 1
  observed.followed(1005)
  observed.answered(new HeaderList(['Content-Type', 'text/plain', 'Set-Cookie', 'hush']), 1020)
  observed.trailers = new HeaderList(['grpc-status', '0'])
  return observed
}

export function fakeConclusion(more: Partial<Conclusion> = {}): Conclusion {
  return {
    view: undefined,
    scheme: 'http',
    match: undefined,
    backend: { cluster: 'checkout' },
    endpoint,
    status: 200,
    failure: undefined,
    detail: '',
    bytesReceived: 5,
    bytesSent: 12,
    endMs: 1030,
    ...more,
  }
}
