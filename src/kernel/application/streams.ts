import { PassThrough, type Readable, type Writable } from 'node:stream'
import type { ApplicationOutput } from '../module.ts'

export type StreamName = 'stdout' | 'stderr'

/** Until a module reads on, the application waits: that is the pipe's back pressure, as with any reader. */
const BUFFER_BYTES = 64 * 1024

interface Channel {
  readonly ours: Writable
  source: Readable | undefined
  claimed: PassThrough | undefined
  /** What was given back, for whoever reads next. */
  returned: Uint8Array | undefined
}

/** One module instance's claims. */
export interface ApplicationView extends ApplicationOutput {
  /** Ends the claims: who reads sees the end of the stream after what was read so far. */
  end(): void
}

/**
 * The application's output. A stream that no module has claimed when the application starts is inherited and costs
 * nothing; a claimed one is a pipe, and passes through to ours again when the claim ends. Between `hold` and `release`
 * it waits instead, so that the next instance of a module goes on where the earlier one ended.
 */
export class ApplicationStreams {
  readonly #channels: Readonly<Record<StreamName, Channel>>
  readonly #isExpected: () => boolean
  #started = false
  #holds = 0
  /** The application is being restarted: what its process leaves behind is not the end of its output. */
  #another = false

  /** `isExpected` says whether there is, or will be, an application at all. */
  constructor(ours: Readonly<Record<StreamName, Writable>>, isExpected: () => boolean = () => true) {
    const channel = (stream: Writable): Channel => ({
      ours: stream,
      source: undefined,
      claimed: undefined,
      returned: undefined,
    })
    this.#channels = { stdout: channel(ours.stdout), stderr: channel(ours.stderr) }
    this.#isExpected = isExpected
  }

  /** For one instance of a module; undefined when the sidecar runs no application. */
  view(): ApplicationView | undefined {
    if (!this.#isExpected()) return undefined
    const ends: (() => void)[] = []
    return {
      claim: stream => this.#claim(this.#channels[stream], stream, ends),
      giveBack: (stream, bytes) => this.#giveBack(this.#channels[stream], bytes),
      end: () => {
        for (const end of ends.splice(0)) end()
      },
    }
  }

  /** What the spawn needs. */
  stdio(stream: StreamName): 'pipe' | 'inherit' {
    return this.#channels[stream].claimed ? 'pipe' : 'inherit'
  }

  attach(stdout: Readable | null, stderr: Readable | null): void {
    this.#started = true
    this.#another = false
    this.#flow(this.#channels.stdout, stdout)
    this.#flow(this.#channels.stderr, stderr)
  }

  /** The process that runs will be followed by another one, whose output goes on where this one's ends. */
  expectAnother(): void {
    this.#another = true
  }

  /** No process comes any more: who reads sees the end. */
  nothingComes(): void {
    this.#another = false
    for (const { claimed } of Object.values(this.#channels)) claimed?.end()
  }

  /** From now on a stream whose claim ends waits for the next claim. Must be paired with `release`. */
  hold(): void {
    this.#holds++
  }

  /** What nobody has claimed again passes through. */
  release(): void {
    this.#holds--
    for (const channel of Object.values(this.#channels)) if (!channel.claimed) this.#connect(channel)
  }

  #claim(channel: Channel, stream: StreamName, ends: (() => void)[]): NodeJS.ReadableStream {
    if (channel.claimed) throw new Error(`the application's ${stream} is read by another input already`)
    if (this.#started && !channel.source) {
      throw new Error(
        `the application runs already and its ${stream} passes through; restart the sidecar to read it`,
      )
    }
    const claimed = new PassThrough({ highWaterMark: BUFFER_BYTES })
    channel.claimed = claimed
    this.#connect(channel)
    ends.push(() => {
      channel.claimed = undefined
      channel.source?.unpipe(claimed)
      claimed.end()
      this.#connect(channel)
    })
    return claimed
  }

  #giveBack(channel: Channel, bytes: Uint8Array): boolean {
    const { source, claimed } = channel
    if (!source || source.readableEnded || claimed) return false
    channel.returned = bytes
    if (this.#holds === 0) this.#handReturned(channel)
    return true
  }

  #handReturned(channel: Channel): void {
    const { returned, claimed, ours } = channel
    channel.returned = undefined
    if (returned) (claimed ?? ours).write(returned)
  }

  #flow(channel: Channel, source: Readable | null): void {
    if (!source) return
    channel.source = source
    source.on('error', () => {})
    source.once('end', () => {
      if (!this.#another && channel.source === source) channel.claimed?.end()
    })
    this.#connect(channel)
  }

  #connect(channel: Channel): void {
    const { source, claimed, ours } = channel
    if (claimed || this.#holds === 0) this.#handReturned(channel)
    if (source?.readableEnded) {
      if (!this.#another) claimed?.end()
    } else if (claimed) source?.pipe(claimed, { end: false })
    else if (this.#holds === 0) source?.pipe(ours, { end: false })
  }
}
