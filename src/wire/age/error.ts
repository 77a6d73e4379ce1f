/** Why a file of age could not be read; the message begins with "it" and shows nothing of the file. */
export class AgeError extends Error {
  override readonly name = 'AgeError'
  readonly reason: 'foreign' | 'unknown_version' | 'damaged' | 'no_key'

  constructor(reason: AgeError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}
