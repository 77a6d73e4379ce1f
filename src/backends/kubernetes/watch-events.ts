import type { FailureStatus } from './error.ts'
import type { KubernetesObject } from './resources.ts'

/** What a watch tells of an object. `BOOKMARK` carries only how far the history has been told. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubernetesObject
}

/** One line of a watch. */
export type WatchLine = WatchEvent | { readonly type: 'ERROR'; readonly object: FailureStatus }

/** An object of Kubernetes is at most 3 MB or so; its line is longer by what JSON escapes. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/** What came is no watch of Kubernetes. */
export class MalformedWatchError extends Error {
  override readonly name = 'MalformedWatchError'
}

/** The events of a watch's body: one JSON object a line. A line that the end cuts off is left out. */
export async function* watchEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchLine> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const tail = chunk.subarray(from, end)
      const line = rest.length === 0 ? tail : Buffer.concat([...rest, tail])
      rest = []
      restBytes = 0
      from = end + 1
      if (line.length > 0) yield parseEvent(line)
    }
    if (from === chunk.length) continue
    const tail = chunk.subarray(from)
    restBytes += tail.length
    if (restBytes > MAX_LINE_BYTES)
      throw new MalformedWatchError(`an event of a watch is larger than ${MAX_LINE_BYTES} bytes`)
    rest.push(Buffer.from(tail))
  }
}

const TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

function parseEvent(line: Buffer): WatchLine {
  let event: unknown
  try {
    event = JSON.parse(line.toString('utf8'))
  } catch (error) {
    throw new MalformedWatchError('a line of a watch is no JSON', { cause: error })
  }
  const { type, object } = (event ?? {}) as { type?: unknown; object?: unknown }
  if (!TYPES.has(type as string) || typeof object !== 'object' || object === null)
    throw new MalformedWatchError('a line of a watch is no event')
  return event as WatchLine
}
