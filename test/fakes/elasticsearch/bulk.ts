/** One action of a `_bulk` body. */
export interface Action {
  readonly op: 'create' | 'index' | 'update'
  readonly index: string | undefined
  readonly id: string | undefined
  readonly routing: string | undefined
  readonly pipeline: string | undefined
  /** The document's bytes as they were sent. */
  readonly source: Buffer
}

/** The whole body is at fault: nothing of it is done, and the answer is 400. */
export class MalformedBulk extends Error {}

const keysOfAction = new Set([
  '_index',
  '_id',
  'routing',
  'pipeline',
  'require_alias',
  'require_data_stream',
  'dynamic_templates',
])

/** Takes a `_bulk` body apart as strictly as the server does: one action line, one document line, a line feed behind each. */
export function parseBulk(body: Buffer): Action[] {
  if (body.length === 0) throw new MalformedBulk('request body is required')
  if (body[body.length - 1] !== 0x0a)
    throw new MalformedBulk('The bulk request must be terminated by a newline [\\n]')
  const lines = linesOf(body)
  const actions: Action[] = []
  for (let i = 0; i < lines.length; i += 2) {
    const action = parseAction(lines[i], i + 1)
    const source = lines[i + 1]
    if (source === undefined)
      throw new MalformedBulk(`Malformed action/metadata line [${i + 1}], no document follows it`)
    actions.push({ ...action, source })
  }
  return actions
}

function linesOf(body: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  for (let end = body.indexOf(0x0a); end >= 0; end = body.indexOf(0x0a, start)) {
    lines.push(body.subarray(start, end))
    start = end + 1
  }
  return lines
}

function parseAction(line: Buffer, number: number): Omit<Action, 'source'> {
  const refuse = (why: string): never => {
    throw new MalformedBulk(`Malformed action/metadata line [${number}], ${why}`)
  }
  let parsed: Record<string, unknown>
  try {
    parsed = JSON.parse(strictUtf8(line)) as Record<string, unknown>
  } catch {
    return refuse('expected a JSON object')
  }
  const [op, ...others] = Object.keys(parsed)
  if (others.length > 0) return refuse('expected one action')
  if (op !== 'create' && op !== 'index' && op !== 'update') {
    return refuse(`expected one of [create, delete, index, update] but found [${op}]`)
  }
  const meta = parsed[op] as Record<string, unknown>
  if (typeof meta !== 'object' || meta === null) return refuse('expected an object')
  for (const key of Object.keys(meta)) {
    if (!keysOfAction.has(key)) return refuse(`unknown parameter [${key}]`)
  }
  if (op === 'update' && meta['_id'] === undefined) return refuse('an id is missing')
  return {
    op,
    index: textOf(meta['_index']),
    id: textOf(meta['_id']),
    routing: textOf(meta['routing']),
    pipeline: textOf(meta['pipeline']),
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value)
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Throws when the bytes are not UTF-8. */
export function strictUtf8(bytes: Buffer): string {
  return decoder.decode(bytes)
}
