import type { Lines } from '../src/modules/logs/lines.ts'

/** `count` lines of a web server's access log as JSON, about 236 bytes each, and the same every time. */
export function accessLines(count: number): Lines {
  return linesOf(numbered(count, accessLine))
}

/** The same requests as a container runtime writes them. */
export function criLines(count: number): Lines {
  return linesOf(numbered(count, i => `${timeOf(i)} stdout F ${plainLine(i)}`))
}

/** The same requests as plain text. */
export function plainLines(count: number): Lines {
  return linesOf(numbered(count, plainLine))
}

/** The same requests as key=value pairs. */
export function logfmtLines(count: number): Lines {
  return linesOf(
    numbered(
      count,
      i =>
        `time=${timeOf(i)} level=info msg="request done" method=GET path=${pathOf(i)} status=${statusOf(i)}`,
    ),
  )
}

export function linesOf(text: string): Lines {
  const bytes = Buffer.from(text)
  const ends: number[] = []
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at)
  const starts = [0, ...ends.slice(0, -1).map(end => end + 1)]
  return {
    bytes,
    count: ends.length,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    readAtMs: START_MS,
    origin: { input: 'bench', path: '/var/log/access.log', tag: 'bench' },
  }
}

const START_MS = Date.UTC(2026, 8, 1)

function numbered(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('')
}

function accessLine(i: number): string {
  return JSON.stringify({
    time: timeOf(i),
    level: i % 7 === 0 ? 'warn' : 'info',
    method: i % 5 === 0 ? 'POST' : 'GET',
    path: pathOf(i),
    status: statusOf(i),
    duration_ms: (i % 977) / 10,
    bytes: (i * 31) % 90_000,
    remote: `10.0.${i % 255}.7`,
    agent: `Mozilla/5.0 (X11; Linux x86_64) Firefox/${i % 140}`,
    request: ((i * 2_654_435_761) >>> 0).toString(16).padStart(8, '0'),
  })
}

function plainLine(i: number): string {
  return `10.0.${i % 255}.7 "GET ${pathOf(i)} HTTP/1.1" ${statusOf(i)} ${(i * 31) % 90_000} "Mozilla/5.0 (X11; Linux x86_64) Firefox/${i % 140}"`
}

function timeOf(i: number): string {
  return new Date(START_MS + i * 37).toISOString()
}

function pathOf(i: number): string {
  return `/api/v1/orders/${(i * 7919) % 100_000}`
}

function statusOf(i: number): number {
  return i % 11 === 0 ? 503 : 200
}
