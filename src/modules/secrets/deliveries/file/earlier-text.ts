import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/** What a file holds that we have perhaps written: a plain file of such a size at most, no link. Undefined for all else. */
export function earlierText(path: string, maxBytes: number): string | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    const is = fstatSync(descriptor)
    return is.isFile() && is.size <= maxBytes ? readFileSync(descriptor, 'utf8') : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
