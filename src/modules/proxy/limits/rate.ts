/** So many requests in so much time. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/** `100/s`, `5/10s`, `1000/h`. */
export const RATE = /^[1-9][0-9]{0,8}\/([1-9][0-9]{0,3})?[smhd]$/

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The text has the form of `RATE`: the schema saw to that. */
export function parseRate(text: string): Rate {
  const slash = text.indexOf('/')
  const units = text.slice(slash + 1, -1)
  return { count: Number(text.slice(0, slash)), windowMs: Number(units || 1) * UNIT_MS[text.at(-1)!]! }
}
