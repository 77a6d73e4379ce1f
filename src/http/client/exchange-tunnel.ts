import { Duplex } from 'node:stream'
import type { ClientExchange, ExchangeListener } from './exchange.ts'

/**
 * A stream of HTTP/2 that a server has agreed to use for another protocol (RFC 8441) as one connection; `listener`
 * hears in its place what the exchange tells from here on.
 */
export function exchangeTunnel(exchange: ClientExchange): { stream: Duplex; listener: ExchangeListener } {
  let written: (() => void) | undefined
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => exchange.resume(),
    write(chunk: Buffer, _encoding, done) {
      if (exchange.put(chunk)) done()
      else written = done
    },
    final(done) {
      exchange.end()
      done()
    },
    destroy(error, done) {
      exchange.cancel()
      done(error)
    },
  })
  const listener: ExchangeListener = {
    room() {
      const done = written
      written = undefined
      done?.()
    },
    head() {},
    data(chunk) {
      if (!stream.push(chunk)) exchange.pause()
    },
    end: () => stream.push(null),
    fail: error => stream.destroy(error),
  }
  return { stream, listener }
}
