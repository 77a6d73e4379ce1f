/** The JSON byte scanner against JSON.parse on the same lines, in turn. */
import { ObjectScanner } from '../src/wire/json/scan.ts'
import { accessLines } from './access-lines.ts'
import { compare } from './rounds.ts'

const { bytes, count, starts, ends } = accessLines(50_000)
const scanner = new ObjectScanner()

function each(work: (start: number, end: number) => number): number {
  let sum = 0
  for (let i = 0; i < count; i++) sum += work(starts[i], ends[i])
  return sum
}

compare(`JSON objects of ${Math.round(bytes.length / count)} bytes, ${count} of them`, [
  {
    name: 'JSON.parse(bytes.toString())',
    bytes: bytes.length,
    run: () =>
      each((start, end) => (JSON.parse(bytes.toString('utf8', start, end)) as { status: number }).status),
  },
  {
    name: 'JSON.parse, then JSON.stringify',
    bytes: bytes.length,
    run: () => each((start, end) => JSON.stringify(JSON.parse(bytes.toString('utf8', start, end))).length),
  },
  {
    name: 'ObjectScanner: verified, members found',
    bytes: bytes.length,
    run: () => each((start, end) => (scanner.scan(bytes, start, end) ? scanner.count : 0)),
  },
])
