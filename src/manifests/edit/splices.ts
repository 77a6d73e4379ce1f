/** A change of the source: from `at` to `end` is taken out, `insert` stands there instead. */
export interface Splice {
  readonly at: number
  readonly end: number
  readonly insert: string
}

/**
 * The text after all splices. What is inserted at one place stands in the order in which it came; what is inserted where
 * text is taken out stands in its stead.
 */
export function spliced(text: string, splices: readonly Splice[]): string {
  const parts: string[] = []
  let done = 0
  for (const { at, end, insert } of splices.toSorted((a, b) => a.at - b.at || order(a) - order(b))) {
    if (at < done && end > at && insert !== '') throw new Error(`two edits overlap at offset ${at}`)
    parts.push(text.slice(done, at), insert)
    done = Math.max(done, end)
  }
  return parts.join('') + text.slice(done)
}

/** What is inserted before a place goes before what is done to the place. */
function order({ at, end }: Splice): number {
  return end === at ? 0 : 1
}

/** A text as lines; offsets count UTF-16 units, as the YAML library does. */
export class Lines {
  readonly text: string
  /** What new lines end with: what the first line of the text ends with. */
  readonly eol: string

  constructor(text: string) {
    this.text = text
    const first = text.indexOf('\n')
    this.eol = first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n'
  }

  /** Of the line that `offset` is on. */
  start(offset: number): number {
    return offset === 0 ? 0 : this.text.lastIndexOf('\n', offset - 1) + 1
  }

  /** Where the end mark of the line before the one that begins at `start` begins. */
  endBefore(start: number): number {
    return this.text[start - 2] === '\r' ? start - 2 : start - 1
  }

  /** Where the line's end mark begins. */
  end(offset: number): number {
    const end = this.text.indexOf('\n', offset)
    if (end === -1) return this.text.length
    return end > offset && this.text[end - 1] === '\r' ? end - 1 : end
  }

  /** After the line's end mark. */
  next(offset: number): number {
    const end = this.text.indexOf('\n', offset)
    return end === -1 ? this.text.length : end + 1
  }

  column(offset: number): number {
    return offset - this.start(offset)
  }

  /** Whether only white space stands before `offset` on its line. */
  isFirst(offset: number): boolean {
    return this.text.slice(this.start(offset), offset).trim() === ''
  }

  /**
   * From the end of a line over the lines that follow and are nothing but comments deeper than `column`: they belong to
   * what stands before them. Empty lines between them are gone over as well.
   */
  overDeeperComments(end: number, column: number): number {
    let result = end
    for (let start = this.next(end); start < this.text.length; start = this.next(start)) {
      const line = this.text.slice(start, this.end(start))
      const content = line.trimStart()
      if (content === '') continue
      if (!content.startsWith('#') || line.length - content.length <= column) break
      result = start + line.length
    }
    return result
  }

  /** From the end of a line over the empty lines that follow, each told by its number of spaces, up to the last that counts. */
  overEmptyLines(end: number, counts: (spaces: number) => boolean): number {
    let result = end
    for (let start = this.next(end); start < this.text.length; start = this.next(start)) {
      const line = this.text.slice(start, this.end(start))
      if (line.trim() !== '') break
      if (counts(line.length)) result = start + line.length
    }
    return result
  }

  /** Whether what follows a line could become part of a block scalar that were put there, in something at `column`. */
  couldBeTaken(end: number, column: number): boolean {
    return (
      this.overDeeperComments(end, column) > end || this.overEmptyLines(end, spaces => spaces > column) > end
    )
  }
}
