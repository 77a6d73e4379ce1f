import { compilePattern } from '../../../../kernel/pattern.ts'

/** Fills `<name>` in a tag from the named groups of a pattern that is held against the path. */
export function pathTag(
  tagOf: (path: string) => string,
  tagPattern: string | undefined,
): (path: string) => string {
  if (tagPattern === undefined) return tagOf
  const compiled = compilePattern(tagPattern)
  if ('reason' in compiled) throw new Error(compiled.reason)
  // A file keeps its tag; one is kept for each path.
  let last: { readonly path: string; readonly tag: string } | undefined
  return path => {
    if (last?.path === path) return last.tag
    const groups = compiled.regex.exec(path)?.groups ?? {}
    const tag = tagOf(path).replace(/<(\w+)>/g, (_, name: string) => groups[name] || 'unknown')
    last = { path, tag }
    return tag
  }
}
