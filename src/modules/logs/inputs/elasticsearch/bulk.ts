import { Kind, skipSpace } from '../../../../wire/json/bytes.ts'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { JsonWalk } from '../../../../wire/json/walk.ts'
import { Refused } from '../http-server/refusal.ts'

export type Operation = 'index' | 'create' | 'update' | 'delete'

const OPERATIONS: ReadonlySet<string> = new Set(['index', 'create', 'update', 'delete'])
const LINE_FEED = 0x0a

/** One item of a `_bulk` body. */
export interface Item {
  readonly operation: Operation
  /** The action's line, without white space around it. */
  readonly action: ValueSpan
  /** The names that it gives; empty when it gives none. */
  readonly index: string
  readonly id: string
  /** Where its document stands; both the same for an item without. */
  readonly start: number
  readonly end: number
}

/**
 * The items of a `_bulk` body, one after the other. Throws Refused for an action that is none, or that lacks its document:
 * what follows could be anything. Documents are not looked at.
 */
export function* readBulk(bytes: Buffer): Generator<Item> {
  const scanner = new ObjectScanner()
  let line = 0
  for (
    let at = skipSpace(bytes, 0, bytes.length);
    at < bytes.length;
    at = skipSpace(bytes, at, bytes.length)
  ) {
    line++
    let end = endOfLine(bytes, at)
    if (!scanner.scan(bytes, at, end) || scanner.count !== 1) throw malformed(line, 'expected one action')
    const action = new ValueSpan().at(bytes, scanner.start, scanner.end, Kind.object)
    const { operation, index, id } = readAction(action, line)
    at = end + 1
    if (operation !== 'delete') {
      line++
      if (at >= bytes.length) throw malformed(line, 'its document is missing')
      end = endOfLine(bytes, at)
    }
    yield { operation, action, index, id, start: operation === 'delete' ? end : at, end }
    at = end + 1
  }
}

function readAction(action: ValueSpan, line: number): { operation: Operation; index: string; id: string } {
  const walk = new JsonWalk(action.bytes, action.start)
  walk.enter()
  walk.more()
  const operation = walk.key()
  if (!OPERATIONS.has(operation))
    throw malformed(line, `expected index, create, update or delete, got ${operation.slice(0, 40)}`)
  if (walk.kind() !== Kind.object) throw malformed(line, 'expected an object')
  let index = ''
  let id = ''
  walk.enter()
  while (walk.more()) {
    const name = walk.key()
    if (name === '_index') index = walk.text() ?? ''
    else if (name === '_id') id = walk.text() ?? ''
    else walk.skip()
  }
  return { operation: operation as Operation, index, id }
}

function endOfLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(LINE_FEED, at)
  return end < 0 ? bytes.length : end
}

function malformed(line: number, why: string): Refused {
  return new Refused('malformed', 400, `malformed action line [${line}]: ${why}`)
}
