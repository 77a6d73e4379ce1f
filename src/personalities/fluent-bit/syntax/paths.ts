import { posix } from 'node:path'

export function directoryOf(path: string): string {
  return posix.dirname(path)
}

/** Absolute paths stay what they are. */
export function resolvePath(folder: string, path: string): string {
  return posix.resolve(folder, path)
}

export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path)
}

/** The path in `file:///path`, or a bare path; undefined for other schemes. */
export function fileOfUri(uri: string): string | undefined {
  const [, scheme, rest] = /^(?:([a-z][a-z0-9+.-]*):)?(.*)$/is.exec(uri)!
  if (scheme === undefined) return rest
  if (scheme.toLowerCase() !== 'file') return undefined
  const path = rest.replace(/^\/\/(?:localhost)?(?=\/)/, '')
  try {
    return path.startsWith('/') ? decodeURIComponent(path) : undefined
  } catch {
    return undefined
  }
}
