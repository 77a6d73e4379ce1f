/** What is wrong with a template, or with what it was executed on. The message is in Go's own words, with its place. */
export class TemplateProblem extends Error {
  /** The template's. */
  readonly template: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number

  constructor(
    message: string,
    place: {
      readonly template: string
      readonly line: number
      readonly column: number
      readonly cause?: unknown
    },
  ) {
    super(message, { cause: place.cause })
    this.name = 'TemplateProblem'
    this.template = place.template
    this.line = place.line
    this.column = place.column
  }
}

/** Line and column of a character of a text, both from 1. */
export function placeIn(text: string, position: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, position)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: position - start + 1 }
}
