import type { Batch } from './batch.ts'
import type { Lines } from './lines.ts'

/** Lines for tests, as an input would have read them: `text` in latin1, so that any byte can be written. */
export function linesOf(text: string, more: Partial<Lines> = {}): Lines {
  const bytes = Buffer.from(text, 'latin1')
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < bytes.length; at = ends[ends.length - 1] + 1) {
    const end = bytes.indexOf(10, at)
    starts.push(at)
    ends.push(end < 0 ? bytes.length : end)
  }
  return {
    bytes,
    count: starts.length,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    readAtMs: Date.UTC(2026, 0, 1),
    origin: {
      input: 'test',
      path: '/var/log/test.log',
      tag: 'test',
      position: { file: '1:2:ab', offset: bytes.length },
    },
    ...more,
  }
}

/** The records of a batch, in latin1. */
export function recordsOf({ bytes, count, starts, ends }: Batch): string[] {
  return Array.from({ length: count }, (_, i) => bytes.toString('latin1', starts[i], ends[i]))
}
