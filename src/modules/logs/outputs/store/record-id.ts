/**
 * A record's id in the store says where in the spool it came from, so that a record that is sent again has the id
 * that it had the first time and is recognised without a further index.
 * source (10 bits) | sequence (28 bits) | index (15 bits), which a JavaScript number holds exactly.
 */
const SEQUENCES = 2 ** 28
const INDEXES = 2 ** 15

/** Ids of one source begin at `source * IDS_PER_SOURCE`. */
export const IDS_PER_SOURCE = SEQUENCES * INDEXES
export const MAX_SOURCE = 1023

/** What does not fit into an id names the source: a spool has one for each of these. */
export interface SourceKey {
  /** Counts how often the sequence has passed its bits. */
  readonly era: number
  /** Counts how often the index has. */
  readonly part: number
}

export function sourceKey(sequence: number, index: number): SourceKey {
  return { era: Math.floor(sequence / SEQUENCES), part: Math.floor(index / INDEXES) }
}

export function recordId(source: number, sequence: number, index: number): number {
  return (source * SEQUENCES + (sequence % SEQUENCES)) * INDEXES + (index % INDEXES)
}
