/** Load on a port of this machine by wrk and h2load, and what they say of it. */
import { execFile } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ownFolder } from './programs.ts'

export interface Load {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly seconds: number
  readonly tls?: boolean
}

export interface Served {
  readonly requests: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const run = promisify(execFile)

/** HTTP/1.1, each connection as fast as it is answered. */
export function wrk(load: Load): Promise<Served> {
  return wrkWith([], load)
}

/** As browsers ask: a dozen headers, and no request like the one before. */
export function wrkVaried(load: Load): Promise<Served> {
  return wrkWith(['-s', fileURLToPath(new URL('varied.lua', import.meta.url))], load)
}

async function wrkWith(more: readonly string[], load: Load): Promise<Served> {
  const { port, path, connections, seconds, tls = false } = load
  const url = `http${tls ? 's' : ''}://127.0.0.1:${port}${path}`
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...more, url]
  const { stdout } = await run('wrk', args)
  const requests = Number(/([0-9]+) requests in/.exec(stdout)?.[1] ?? 0)
  if (requests === 0 || /Non-2xx|Socket errors: .*(?:read|write|connect) [1-9]/.test(stdout))
    throw new Error(`requests failed:\n${stdout}`)
  const percentile = (which: string) => {
    const [, number, unit] = new RegExp(`${which}\\s+([0-9.]+)(us|ms|s)`).exec(stdout)!
    return Number(number) * (unit === 'us' ? 0.001 : unit === 's' ? 1000 : 1)
  }
  return { requests, p50Ms: percentile('50%'), p99Ms: percentile('99%') }
}

export interface H2Load extends Load {
  /** Requests under way on each connection. */
  readonly streams: number
  /** A gRPC-shaped POST with an empty message, instead of a GET. */
  readonly grpc?: boolean
  /** HTTP/1.1, and so many requests a second over all connections. */
  readonly requestsPerSecond?: number
}

/** HTTP/2 by prior knowledge, or HTTP/1.1 at a fixed rate. */
export async function h2load(load: H2Load): Promise<Served> {
  const folder = ownFolder('h2load')
  const log = join(folder, 'log')
  const message = join(folder, 'message')
  writeFileSync(message, Buffer.alloc(5))
  const { port, path, connections, seconds, streams, grpc, requestsPerSecond } = load
  const args = ['-t1', `-c${connections}`, `-m${streams}`, `--log-file=${log}`]
  if (grpc) args.push('-d', message, '-H', 'content-type: application/grpc', '-H', 'te: trailers')
  if (requestsPerSecond === undefined) args.push(`-D${seconds}`)
  else args.push(...evenly(load, requestsPerSecond))
  try {
    const { stdout } = await run('h2load', [...args, `http://127.0.0.1:${port}${path}`], {
      timeout: (seconds + 30) * 1000,
    })
    const [, requests = '0', failed] = /(\d+) succeeded, (\d+) failed/.exec(stdout) ?? []
    if (requests === '0' || failed !== '0') throw new Error(`requests failed:\n${stdout}`)
    return { requests: Number(requests), ...percentiles(readFileSync(log, 'latin1')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Connections begin one after the other, a request's interval apart: begun at once they would send a burst of one
 * request each and then nothing, and the figures would be those of the queue within the burst.
 */
function evenly({ connections, seconds }: Load, requestsPerSecond: number): string[] {
  const interval = `${Math.round(1000 / requestsPerSecond)}ms`
  const paced = ['--h1', `--rps=${requestsPerSecond / connections}`, '-r1', `--rate-period=${interval}`]
  return [...paced, `-n${requestsPerSecond * seconds}`]
}

/** The log has a line for each request: when it began, its status, and how long it took in µs. */
function percentiles(log: string): Omit<Served, 'requests'> {
  const micros = Float64Array.from(log.trimEnd().split('\n'), line => Number(line.split('\t')[2])).sort()
  const at = (part: number) => micros[Math.floor(micros.length * part)]! / 1000
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
