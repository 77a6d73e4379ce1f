import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { websocketAccept } from '../../../http/websocket.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'

/**
 * What is wrong with a backend's agreement to another protocol: one that was not asked for (RFC 9110 section 7.8), or
 * a WebSocket for another key than ours, which a client of HTTP/2 cannot see for itself.
 */
export function switchProblem(asked: HeaderList, agreed: HeaderList, checksKey: boolean): string | undefined {
  const protocol = agreed.get('upgrade')?.toLowerCase()
  if (protocol === undefined || !asked.lists('upgrade', protocol))
    return 'the backend switches to a protocol that was not asked for'
  if (
    checksKey &&
    agreed.get('sec-websocket-accept') !== websocketAccept(asked.get('sec-websocket-key') ?? '')
  )
    return 'the backend agrees to another WebSocket than the one that was asked for'
  return undefined
}

/**
 * Joins two connections: bytes at the pace of the slower one, an end of one side passed on, a break breaks both.
 * `ended` gets what each side has said.
 */
export function joinStreams(
  one: Duplex,
  other: Duplex,
  ended: (bytesFromOne: number, bytesFromOther: number) => void,
): void {
  const from = direct(one, other)
  const back = direct(other, one)
  let open = 2
  const closed = (): void => {
    if (--open === 0) ended(from.bytes, back.bytes)
  }
  one.on('close', closed)
  other.on('close', closed)
}

function direct(from: Duplex, to: Duplex): { readonly bytes: number } {
  const count = { bytes: 0 }
  from.allowHalfOpen = true
  if (from instanceof Socket) from.setTimeout(0)
  from.on('data', (chunk: Buffer) => {
    count.bytes += chunk.length
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  from.on('error', () => breakOff(to))
  from.on('close', () => {
    // After an orderly end what is on its way to the other side still arrives.
    if (from.errored || !from.readableEnded) breakOff(to)
    else if (!to.writableEnded) to.end()
  })
  from.resume()
  return count
}

/** So that it does not look like an orderly end. */
function breakOff(stream: Duplex): void {
  try {
    if (stream instanceof Socket) stream.resetAndDestroy()
    else stream.destroy()
  } catch {
    // Only plain TCP knows the reset.
    stream.destroy()
  }
}
