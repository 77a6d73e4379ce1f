/** What a pattern has that cannot be translated; `at` is its position, from 0. */
export class OnigmoProblem extends Error {
  readonly at: number

  constructor(what: string, at: number) {
    super(what)
    this.at = at
  }
}
