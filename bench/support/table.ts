/** A plain table for a terminal or a closing note; numbers are right-aligned. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [headers, ...rows].map(row => row.map(String))
  const widths = headers.map((_, column) => Math.max(...cells.map(row => row[column].length)))
  const numeric = headers.map((_, column) => rows.every(row => /^[\d.,≥≤×%\- ]*$/.test(String(row[column]))))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (numeric[i] ? `${'-'.repeat(width + 1)}:` : `${'-'.repeat(width + 2)}`)).join('|')}|`
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}
