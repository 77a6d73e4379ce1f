/** How large a head may be. What is above is refused, never cut. */
export interface HeadLimits {
  /** The whole head, first line included; above it 431. */
  readonly maxHeadBytes: number
  /** Header fields, and trailer fields; above it 431. */
  readonly maxHeaders: number
  /** The request or status line; above it 414. RFC 9112 section 3 asks for 8000 at least. */
  readonly maxStartLineBytes: number
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = {
  maxHeadBytes: 64 * 1024,
  maxHeaders: 100,
  maxStartLineBytes: 8 * 1024,
}
