import { createHttpClient, type HttpClient } from '../../../../http/client/client.ts'
import { type ClientTls, createDialer, type Origin } from '../../../../http/client/dial.ts'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { Endpoint } from '../cluster.ts'
import type { HealthCheckConfig, HttpCheckConfig } from './config.ts'

/** Asks an endpoint once; resolves with undefined when it passes, else with one line that says why not. Never rejects. */
export interface Probe {
  run(signal: AbortSignal): Promise<string | undefined>
}

export interface ProbeWorld {
  readonly clock: Clock
  /** How the cluster connects, asked before each check; undefined: without TLS. */
  readonly tls: (() => Promise<ClientTls>) | undefined
}

export function createProbe(config: HealthCheckConfig, endpoint: Endpoint, world: ProbeWorld): Probe {
  const { port, timeoutMs } = config.config
  const origin = originOf(endpoint, port, config.kind === 'http' && world.tls !== undefined)
  return config.kind === 'tcp' ? tcpProbe(origin) : httpProbe(config.config, origin, timeoutMs, world)
}

function originOf({ host, port, socketPath }: Endpoint, other: number | undefined, secure: boolean): Origin {
  if (socketPath !== undefined && other === undefined) return { path: socketPath }
  const name = host.includes(':') ? `[${host}]` : host || '127.0.0.1'
  return new URL(`${secure ? 'https' : 'http'}://${name}:${other ?? port}`)
}

/** A connection of its own each time: that the endpoint still takes new ones is part of what is asked. */
function httpProbe(config: HttpCheckConfig, origin: Origin, timeoutMs: number, world: ProbeWorld): Probe {
  const { path, host, statuses } = config
  const { clock, tls } = world
  return {
    async run(signal) {
      let client: HttpClient | undefined
      try {
        const keys = await tls?.()
        client = createHttpClient({
          origin,
          clock,
          maxConnections: 1,
          connectTimeoutMs: timeoutMs,
          ...(keys && { tls: keys }),
        })
        const headers = {
          ...(host !== undefined && { host }),
          'user-agent': 'outrigger-health',
          connection: 'close',
        }
        const { status, body } = await client.request({ method: 'GET', path, headers, signal })
        body.discard()
        return statuses.includes(status) ? undefined : `it answered ${status}`
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
