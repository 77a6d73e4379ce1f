import type { Readable } from 'node:stream'

/**
 * For the first line of a `data` listener. After each chunk a stream asks its source for more, and does so in a tick
 * of its own; who asks at once, which is free while the source is being read, spares every chunk that tick.
 */
export function askForMore(stream: Readable): void {
  stream.read(0)
}
