import assert from 'node:assert/strict'
import { afterEach } from 'node:test'
import { listen, RawPeer } from '../../http/raw-peer-fake.ts'
import type { Clock } from '../../kernel/clock/clock.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { type FakeHost, fakeHost } from '../../kernel/host-fake.ts'
import type { Address, Running } from '../../kernel/module.ts'
import { checkProxy, type ProxyConfig, proxyConfig } from './config.ts'
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

/** Makes backends that are closed after the test of this file which made them. */
export function backendsEachTest(): () => Promise<RawBackend> {
  const open: RawBackend[] = []
  afterEach(() => {
    for (const backend of open.splice(0)) backend.close()
  })
  return async () => {
    const made = await rawBackend()
    open.push(made)
    return made
  }
}

export interface StartedProxy extends AsyncDisposable {
  readonly host: FakeHost<Clock>
  readonly running: Running<ProxyConfig>
  /** Of the first listener. */
  readonly port: number
  readonly ports: readonly number[]
  /** A connection to the first listener, or to another. */
  client(listener?: number): Promise<RawPeer>
}

export interface FakeProxy extends StartedProxy {
  /** The configuration with other settings of its listener, for `update`. */
  configured(listener: object, endpoints?: readonly string[]): ProxyConfig
}

/** A configuration as it stands in the file, decoded and checked. */
export function decodedProxy(config: object): ProxyConfig {
  const decoded = proxyConfig.decode(config)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  assert.deepEqual(checkProxy(decoded.value), [])
  return decoded.value
}

/** A proxy of this configuration. */
export async function startConfigured(
  config: ProxyConfig,
  clock: Clock = systemClock(),
  offers: Readonly<Record<string, unknown>> = {},
): Promise<StartedProxy> {
  const host = fakeHost({ name: 'proxy', clock, offers })
  const running = await proxy.start(config, host)
  const ports = host.log
    .of('listening')
    .map(({ fields }) => (fields['address'] as Extract<Address, { port: number }>).port)
  const clients: RawPeer[] = []
  return {
    host,
    running,
    port: ports[0]!,
    ports,
    client: async (listener = 0) => {
      const client = await RawPeer.connect(ports[listener]!)
      clients.push(client)
      return client
    },
    [Symbol.asyncDispose]: async () => {
      for (const { socket } of clients) socket.destroy()
      await host.close()
    },
  }
}

/** A proxy with one listener before these endpoints. */
export async function startProxy(
  endpoints: readonly string[],
  listener: object = {},
  clock: Clock = systemClock(),
  upstream: object = {},
  proxyWide: object = {},
): Promise<FakeProxy> {
  const configured = (changes: object, places = endpoints): ProxyConfig =>
    decodedProxy({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', upstream: 'back', ...changes }],
      upstreams: {
        back: { endpoints: places.map(address => ({ address })), balancing: 'round_robin', ...upstream },
      },
      ...proxyWide,
    })
  const started = await startConfigured(configured(listener), clock)
  return { ...started, configured: (changes, places) => configured({ ...listener, ...changes }, places) }
}
