import type { Socket } from 'node:net'
import type { DeadlineWheel } from '../deadline-wheel.ts'
import type { FrameSlab } from '../http2/frame-batch.ts'
import type { TlsPeer } from '../tls/acceptor.ts'
import type { FlushQueue } from './flush-queue.ts'
import type { HttpServerOptions, ServerLimits } from './server.ts'

/** A connection of either version, as its server knows it. */
export interface ServedConnection {
  /** Ends after what is under way. */
  finish(): void
  destroy(): void
}

/** What all connections of one server share. */
export interface ServerContext {
  readonly options: HttpServerOptions
  readonly limits: ServerLimits
  readonly wheel: DeadlineWheel
  readonly draining: boolean
  /** For the frames of HTTP/2 connections. */
  readonly slab: FrameSlab
  readonly flushes: FlushQueue
  date(): string
  closed(connection: ServedConnection): void
  /** The client has begun to speak HTTP/2: its connection is another one from here on. */
  switched(
    from: ServedConnection,
    socket: Socket,
    tls: TlsPeer | undefined,
    prefaceBytes: number,
  ): { take(bytes: Buffer): void }
}
