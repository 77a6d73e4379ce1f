import { PassThrough, type Readable, type Writable } from 'node:stream'
import type { ApplicationOutput } from './module.ts'

export type StreamName = 'stdout' | 'stderr'

/** Until a module reads on, the application waits: that is the pipe's back pressure, as with any reader. */
const BUFFER_BYTES = 64 * 1024

interface Channel {
  readonly ours: Writable
  source: Readable | undefined
  claimed: PassThrough | undefined
}

/**
 * The application's output. A stream that no module has claimed when the application starts is inherited and costs
 * nothing; a claimed one is a pipe, and passes through to ours again when the claim ends.
 */
export class ApplicationStreams {
  readonly #channels: Readonly<Record<StreamName, Channel>>
  #started = false

  constructor(ours: Readonly<Record<StreamName, Writable>>) {
    const channel = (stream: Writable): Channel => ({ ours: stream, source: undefined, claimed: undefined })
    this.#channels = { stdout: channel(ours.stdout), stderr: channel(ours.stderr) }
  }

  /** A module's view; its claims end with the scope. */
  for(scope: AsyncDisposableStack): ApplicationOutput {
    return { claim: stream => this.#claim(stream, scope) }
  }

  /** What the spawn needs. */
  stdio(stream: StreamName): 'pipe' | 'inherit' {
    return this.#channels[stream].claimed ? 'pipe' : 'inherit'
  }

  attach(stdout: Readable | null, stderr: Readable | null): void {
    this.#started = true
    this.#flow('stdout', stdout)
    this.#flow('stderr', stderr)
  }

  /** The application has ended: whoever reads sees the end of the stream. */
  ended(): void {
    for (const { claimed } of Object.values(this.#channels)) claimed?.end()
  }

  #claim(stream: StreamName, scope: AsyncDisposableStack): NodeJS.ReadableStream {
    const channel = this.#channels[stream]
    if (channel.claimed) throw new Error(`the application's ${stream} is read by another input already`)
    if (this.#started && !channel.source) {
      throw new Error(
        `the application runs already and its ${stream} passes through; restart the sidecar to read it`,
      )
    }
    const claimed = new PassThrough({ highWaterMark: BUFFER_BYTES })
    channel.claimed = claimed
    this.#connect(channel)
    scope.defer(() => {
      channel.claimed = undefined
      channel.source?.unpipe(claimed)
      claimed.end()
      this.#connect(channel)
    })
    return claimed
  }

  #flow(stream: StreamName, source: Readable | null): void {
    if (!source) return
    const channel = this.#channels[stream]
    channel.source = source
    source.on('error', () => {})
    this.#connect(channel)
  }

  #connect({ source, claimed, ours }: Channel): void {
    if (!source) return
    source.unpipe()
    if (claimed) source.pipe(claimed, { end: false })
    else source.pipe(ours, { end: false })
  }
}
