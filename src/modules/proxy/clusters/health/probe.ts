import { createHttpClient, type HttpClient, type HttpClientOptions } from '../../../../http/client/client.ts'
import { type ClientTls, createDialer, type Origin } from '../../../../http/client/dial.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Endpoint } from '../cluster.ts'
import type { GrpcCheckConfig, HealthCheckConfig, HttpCheckConfig } from './config.ts'
import { askGrpcHealth } from './grpc.ts'

/** Asks an endpoint once; resolves with undefined when it passes, else with one line that says why not. Never rejects. */
export interface Probe {
  run(signal: AbortSignal): Promise<string | undefined>
}

export interface ProbeWorld {
  readonly clock: Clock
  /** How the endpoint is reached, asked before each check; undefined: without TLS. */
  readonly tls:
    | { readonly keys: () => Promise<ClientTls> /** Not at its own alone. */; readonly onOtherPorts: boolean }
    | undefined
}

export function createProbe(config: HealthCheckConfig, endpoint: Endpoint, world: ProbeWorld): Probe {
  const { port } = config.config
  const secure =
    config.kind !== 'tcp' && world.tls !== undefined && (port === undefined || world.tls.onOtherPorts)
  const origin = originOf(endpoint, port, secure)
  switch (config.kind) {
    case 'http':
      return httpProbe(config.config, origin, world)
    case 'grpc':
      return grpcProbe(config.config, origin, world)
    case 'tcp':
      return tcpProbe(origin)
  }
}

function originOf({ host, port, socketPath }: Endpoint, other: number | undefined, secure: boolean): Origin {
  if (socketPath !== undefined && other === undefined) return { path: socketPath, secure }
  const name = host.includes(':') ? `[${host}]` : host || '127.0.0.1'
  return new URL(`${secure ? 'https' : 'http'}://${name}:${other ?? port}`)
}

function httpProbe(config: HttpCheckConfig, origin: Origin, world: ProbeWorld): Probe {
  const { path, host, statuses, timeoutMs } = config
  return withClient(origin, 'http1', timeoutMs, world, async (client, signal) => {
    const headers = {
      ...(host !== undefined && { host }),
      'user-agent': 'outrigger-health',
      connection: 'close',
    }
    const { status, body } = await client.request({ method: 'GET', path, headers, signal })
    body.discard()
    return statuses.includes(status) ? undefined : `it answered ${status}`
  })
}

function grpcProbe(config: GrpcCheckConfig, origin: Origin, world: ProbeWorld): Probe {
  return withClient(origin, 'http2', config.timeoutMs, world, (client, signal) =>
    askGrpcHealth(client, config, signal),
  )
}

/** A connection of its own each time: that the endpoint still takes new ones is part of what is asked. */
function withClient(
  origin: Origin,
  protocol: NonNullable<HttpClientOptions['protocol']>,
  connectTimeoutMs: number,
  { clock, tls }: ProbeWorld,
  ask: (client: HttpClient, signal: AbortSignal) => Promise<string | undefined>,
): Probe {
  return {
    async run(signal) {
      let client: HttpClient | undefined
      try {
        const keys = await tls?.keys()
        client = createHttpClient({
          origin,
          protocol,
          clock,
          maxConnections: 1,
          connectTimeoutMs,
          ...(keys && { tls: keys }),
        })
        return await ask(client, signal)
      } catch (error) {
        return (error as Error).message
      } finally {
        client?.close()
      }
    },
  }
}

function tcpProbe(origin: Origin): Probe {
  const dialer = createDialer(origin)
  return {
    run: signal =>
      new Promise(resolve => {
        const socket = dialer.dial()
        const end = (reason: string | undefined) => {
          signal.removeEventListener('abort', stop)
          socket.destroy()
          resolve(reason)
        }
        const stop = () => end('no connection in time')
        socket.once('connect', () => end(undefined))
        socket.on('error', error => end(error.message))
        signal.addEventListener('abort', stop, { once: true })
      }),
  }
}
