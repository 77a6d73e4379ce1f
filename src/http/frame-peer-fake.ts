import { ByteWriter } from '../wire/http2/byte-writer.ts'
import { PREFACE } from '../wire/http2/frame.ts'
import { FrameDecoder } from '../wire/http2/frame-decoder.ts'
import { FrameLog, frame } from '../wire/http2/frame-log-fake.ts'
import { HpackDecoder } from '../wire/http2/hpack-decoder.ts'
import { HpackEncoder } from '../wire/http2/hpack-encoder.ts'
import type { RawPeer } from './raw-peer-fake.ts'

const HEADERS = 1

/** For tests: an end of an HTTP/2 connection that writes frames by hand, and hears them as lines. */
export class FramePeer {
  readonly raw: RawPeer
  readonly encoder = new HpackEncoder()
  readonly #isServer: boolean

  constructor(raw: RawPeer, isServer = false) {
    this.raw = raw
    this.#isServer = isServer
  }

  send(...frames: (Buffer | string)[]): void {
    for (const each of frames) this.raw.say(typeof each === 'string' ? each : each.toString('latin1'))
  }

  headers(streamId: number, fields: readonly string[], flags: number): Buffer {
    const out = new ByteWriter(Buffer.alloc(16))
    this.encoder.begin(out)
    for (let at = 0; at < fields.length; at += 2) this.encoder.field(out, fields[at]!, fields[at + 1]!)
    return frame(HEADERS, flags, streamId, out.bytes.toString('hex', 0, out.at))
  }

  /** All frames that came so far; header blocks as their fields. */
  get lines(): string[] {
    const log = new FrameLog()
    const hpack = new HpackDecoder(4096, 1e6)
    const say = log.headers.bind(log)
    log.headers = (id, block, end) => {
      say(id, Buffer.from(hpack.decode(block).join('|')), end)
    }
    const bytes = Buffer.from(this.raw.heard, 'latin1')
    const from = this.#isServer ? Math.min(PREFACE.length, bytes.length) : 0
    new FrameDecoder(log, { maxBlockBytes: 1e6, maxContinuations: 100 }).decode(bytes, from)
    return log
      .finish()
      .map(line =>
        line.replace(/^(headers \d+) ([0-9a-f]+)/, (_, start, hex) => `${start} ${Buffer.from(hex, 'hex')}`),
      )
  }

  async hears(pattern: RegExp): Promise<string> {
    await this.raw.hears(() => this.lines.some(line => pattern.test(line)))
    return this.lines.find(line => pattern.test(line))!
  }
}
