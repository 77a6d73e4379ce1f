import assert from 'node:assert/strict'
import { listen, RawPeer } from '../../http/raw-peer-fake.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../kernel/host-fake.ts'
import type { Address, Running } from '../../kernel/module.ts'
import { type ProxyConfig, proxyConfig } from './config.ts'
import { proxy } from './module.ts'

/** For tests: a backend whose connections the test speaks on, as it likes. */
export interface RawBackend {
  readonly address: string
  readonly accepted: RawPeer[]
  /** The next connection that is accepted. */
  next(): Promise<RawPeer>
  close(): void
}

export async function rawBackend(): Promise<RawBackend> {
  const accepted: RawPeer[] = []
  const waiting: ((peer: RawPeer) => void)[] = []
  let taken = 0
  const { port, server } = await listen(socket => {
    const peer = new RawPeer(socket)
    accepted.push(peer)
    if (waiting.length > 0) {
      taken++
      waiting.shift()!(peer)
    }
  })
  return {
    address: `127.0.0.1:${port}`,
    accepted,
    next: () =>
      taken < accepted.length
        ? Promise.resolve(accepted[taken++]!)
        : new Promise(resolve => waiting.push(resolve)),
    close: () => {
      server.close()
      for (const { socket } of accepted) socket.destroy()
    },
  }
}

export interface FakeProxy<C extends Clock> extends AsyncDisposable {
  readonly host: FakeHost<C>
  readonly running: Running<ProxyConfig>
  readonly port: number
  /** The configuration with other settings of its listener, for `update`. */
  configured(listener: object, endpoints?: readonly string[]): ProxyConfig
  client(): Promise<RawPeer>
}

/** A proxy with one listener before these endpoints. */
export async function startProxy(
  endpoints: readonly string[],
  listener: object = {},
  clock: Clock = systemClock(),
  upstream: object = {},
): Promise<FakeProxy<Clock>> {
  const host = fakeHost({ name: 'proxy', clock })
  const configured = (changes: object, places = endpoints): ProxyConfig => {
    const decoded = proxyConfig.decode({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'back', ...changes }],
      upstreams: {
        back: { endpoints: places.map(address => ({ address })), balancing: 'round_robin', ...upstream },
      },
    })
    assert.ok(decoded.ok, JSON.stringify(decoded))
    return decoded.value
  }
  const running = await proxy.start(configured(listener), host)
  const address = host.log.of('listening')[0]!.fields['address'] as Extract<Address, { port: number }>
  const clients: RawPeer[] = []
  return {
    host,
    running,
    port: address.port,
    configured: (changes, places) => configured({ ...listener, ...changes }, places),
    client: async () => {
      const client = await RawPeer.connect(address.port)
      clients.push(client)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of clients) socket.destroy()
      await host.close()
    },
  }
}
