import type { Stats } from 'node:fs'
import { resolve } from 'node:path'
import { DocumentError, formatOfName, readDocument } from '../document.ts'
import { DocumentSource } from '../document-source.ts'
import type { SourceHost } from '../host.ts'
import { textOrBytes } from '../whole-file.ts'
import type { FileSourceConfig } from './config.ts'

/** Opens the file's source. That the file is there is known with the first fetch. */
export function openFileSource(
  config: FileSourceConfig,
  host: Pick<SourceHost, 'clock' | 'log' | 'scope'>,
): DocumentSource {
  const path = resolve(config.path)
  const format = config.format ?? formatOfName(path)
  const source = new DocumentSource({
    path,
    alsoWatched: [],
    maxBytes: config.maxSizeBytes,
    clock: host.clock,
    read: bytes => {
      const text = textOrBytes(bytes)
      if (typeof text === 'string') return readDocument(text, format)
      throw new DocumentError('no text in UTF-8; a source of kind kubernetes has files of bytes')
    },
    onRead: warningOf(path, host.log),
  })
  host.scope.use(source)
  return source
}

/** Once for as long as it stays so. */
function warningOf(path: string, log: SourceHost['log']): (stats: Stats) => void {
  let wasOpen = false
  return ({ mode }) => {
    const isOpen = (mode & 0o004) !== 0
    if (isOpen && !wasOpen)
      log.warn('secrets_file_open', `${path} can be read by everybody on this machine`, {
        mode: (mode & 0o777).toString(8),
        mend: `chmod o-r ${path}`,
      })
    wasOpen = isOpen
  }
}
