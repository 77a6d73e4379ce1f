/** Text in lines of at most `width`; a word that is longer stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Rows in columns as wide as their content; the last column is wrapped to fit into `width`. */
export function table(
  rows: readonly (readonly string[])[],
  { indent, width }: { indent: number; width: number },
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column].length)))
  const left = widths.slice(0, -1).reduce((sum, w) => sum + w + 2, indent)
  return rows.flatMap(row => {
    const head = row.slice(0, -1).map((cell, column) => cell.padEnd(widths[column] + 2))
    const lines = wrap(row.at(-1)!, Math.max(20, width - left))
    return lines
      .map((line, i) => (i === 0 ? ' '.repeat(indent) + head.join('') : ' '.repeat(left)) + line)
      .map(line => line.trimEnd())
  })
}
