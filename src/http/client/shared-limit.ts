/** A ceiling that several pools share. Who gets true calls `release` once. */
export interface SharedLimit {
  tryAcquire(): boolean
  release(): void
}

export const NO_LIMIT: SharedLimit = { tryAcquire: () => true, release() {} }
