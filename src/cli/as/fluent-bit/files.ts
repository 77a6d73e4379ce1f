import { globSync, readFileSync } from 'node:fs'
import type { ConfigurationFiles } from '../../../personalities/fluent-bit/syntax/document.ts'

/** The machine's own files. */
export const configurationFiles: ConfigurationFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return undefined
    }
  },
  glob: pattern => globSync(pattern).sort(),
}
