/** What the module of secrets gives to the kernel, which puts values into the leaves of the configuration. */
export interface SecretOffer {
  /** `[source:]path[#key]`; `changed` is called whenever the value or the problem is another one. Never throws. */
  follow(reference: string, changed: () => void): FollowedSecret
}

/** One secret, kept up to date until it is disposed of. */
export interface FollowedSecret extends Disposable {
  /** Undefined while there is none. The last good one stays. */
  readonly value: string | undefined
  /** Why there is none, or no newer one. Says nothing of the value. */
  readonly problem: string | undefined
}
