import type { InputHost } from '../input.ts'
import type { TailConfig } from './config.ts'
import { encodingOf, unitBytes } from './encoding.ts'
import type { TailedFile } from './file.ts'
import type { FileLayer } from './layer.ts'
import type { Meters } from './meters.ts'
import type { Roster } from './roster.ts'

export interface LagParts {
  readonly config: TailConfig
  readonly host: Pick<InputHost, 'clock' | 'log' | 'key'>
  readonly layer: FileLayer
  readonly meters: Meters
  readonly roster: Roster
}

/** So far it is looked for the beginning of a line. */
const SEARCH_BYTES = 64 * 1024

/** Gives up the oldest of what cannot be read in time, where the configuration wants that; told and counted. */
export class LagLimit {
  readonly #parts: LagParts

  constructor(parts: LagParts) {
    this.#parts = parts
  }

  /** True when the file was let go altogether. */
  async enforce(file: TailedFile): Promise<boolean> {
    const { maxLag } = this.#parts.config
    if (maxLag === undefined || file.fd === undefined || file.reading || file.copyOf || file.skipped)
      return false
    if (this.#isTooLate(file, maxLag.ageMs)) {
      this.#tell(file, file.unread, 'it was renamed or deleted too long ago')
      // A pattern may still lead to it.
      file.skipped = true
      await this.#parts.roster.retire(file)
      return true
    }
    if (file.busy) return false
    // The pump leaves it alone meanwhile.
    file.busy = true
    try {
      if (maxLag.sizeBytes !== undefined && file.unread > maxLag.sizeBytes) {
        const before = file.next
        await this.#skip(file, file.size - Math.floor(maxLag.sizeBytes / 2))
        this.#tell(file, file.next - before, 'more waited than maxLag allows')
      }
      return false
    } finally {
      file.busy = false
    }
  }

  #isTooLate(file: TailedFile, ageMs: number | undefined): boolean {
    if (ageMs === undefined || file.unread === 0 || (file.attached && file.at === file.path)) return false
    return this.#parts.host.clock.monotonic() - file.changedMs > ageMs
  }

  /** Goes on with the first line that begins at `from` or soon behind it. */
  async #skip(file: TailedFile, from: number): Promise<void> {
    const { layer, roster, config } = this.#parts
    const unit = unitBytes(file.encoding ?? encodingOf(config.encoding, file.trail.head) ?? UTF_8)
    const start = from - (from % unit)
    const bytes = Buffer.alloc(SEARCH_BYTES)
    const length = await layer.read(file.fd!, bytes, start)
    let feed = bytes.subarray(0, length).indexOf(10)
    while (feed > 0 && unit === 2 && !isFeedOfUnits(bytes, feed))
      feed = bytes.subarray(0, length).indexOf(10, feed + 1)
    const behind = feed < 0 ? 0 : feed + 1 + ((feed + 1) % unit)
    await roster.moveTo(file, start + behind)
  }

  #tell(file: TailedFile, bytes: number, why: string): void {
    const { host, meters } = this.#parts
    meters.givenUp.inc(bytes)
    const message = `${host.key}.maxLag: ${bytes} bytes of ${file.at} are given up, ${why}`
    host.log.warn('tail_given_up', message, { file: file.at, bytes })
  }
}

const UTF_8 = { name: 'utf-8', markBytes: 0 } as const

/** Whether the byte at `feed` is half of a line feed of two bytes, in either order. */
function isFeedOfUnits(bytes: Buffer, feed: number): boolean {
  return feed % 2 === 0 ? bytes[feed + 1] === 0 : bytes[feed - 1] === 0
}
