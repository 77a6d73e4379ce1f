/**
 * A string leaf that had `${…}` in it. Leaves convert `text`; messages show `written`,
 * because nobody knows which variables hold secrets.
 */
export class Interpolated {
  readonly text: string
  readonly written: string

  constructor(text: string, written: string) {
    this.text = text
    this.written = written
  }
}
