/** The tag that an input gives: `*` in its pattern is the path, with dots between its parts. */
export function expandTag(pattern: string, path: string): string {
  const at = pattern.indexOf('*')
  if (at < 0) return pattern
  return pattern.slice(0, at) + path.replace(/^\/+/, '').replaceAll('/', '.') + pattern.slice(at + 1)
}
