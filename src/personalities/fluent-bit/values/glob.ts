/** Whether a text fits a pattern in which `*` stands for any text. */
export function matchesGlob(text: string, pattern: string): boolean {
  const source = pattern
    .split('*')
    .map(piece => piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[^]*')
  return new RegExp(`^${source}$`).test(text)
}
