/**
 * A string leaf that had `${…}` in it. Leaves convert `text`; messages show `written`,
 * because nobody knows which variables hold secrets.
 */
export class Interpolated {
  readonly text: string
  readonly written: string
  /** The text holds a secret: nobody is to see more of it than what is written. */
  readonly isSecret: boolean

  constructor(text: string, written: string, isSecret = false) {
    this.text = text
    this.written = written
    this.isSecret = isSecret
  }
}
