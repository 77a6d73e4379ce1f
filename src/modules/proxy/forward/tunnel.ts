import type { Socket } from 'node:net'

/** Joins two connections: bytes at the pace of the slower one, an end of one side passed on, a break breaks both. */
export function joinSockets(one: Socket, other: Socket, ended: (bytesFromOne: number) => void): void {
  let open = 2
  const closed = (): void => {
    if (--open === 0) ended(one.bytesRead)
  }
  direct(one, other)
  direct(other, one)
  one.on('close', closed)
  other.on('close', closed)
}

function direct(from: Socket, to: Socket): void {
  from.allowHalfOpen = true
  from.setTimeout(0)
  from.on('data', chunk => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  from.on('error', () => to.destroy())
  from.on('close', hadError => {
    // After an orderly end what is on its way to the other side still arrives.
    if (hadError || !from.readableEnded) to.destroy()
    else if (!to.writableEnded) to.end()
  })
  from.resume()
}
