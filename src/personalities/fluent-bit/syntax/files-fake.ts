import { matchesGlob } from 'node:path'
import type { ConfigurationFiles } from './document.ts'

/** For tests: files in memory, by absolute path. */
export function fakeFiles(files: Readonly<Record<string, string>>): ConfigurationFiles {
  return {
    read: path => files[path],
    glob: pattern =>
      Object.keys(files)
        .filter(path => matchesGlob(path, pattern))
        .sort(),
  }
}
