import { realpathSync } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import type { Asking } from './content.ts'

/** The same, but files are read only when they lie in this folder, whatever links lead there. */
export function within(sandbox: string, asking: Asking): Asking {
  return {
    secret: (source, request) => asking.secret(source, request),
    list: (source, path) => asking.list(source, path),
    program: command => asking.program(command),
    later: (key, make) => asking.later(key, make),
    before: () => asking.before(),
    write: file => asking.write(file),
    file: path => {
      const way = relative(realpathSync(sandbox), realpathSync(path))
      if (way === '..' || way.startsWith('../') || isAbsolute(way))
        throw new Error(`${path} is outside of the sandbox ${sandbox}`)
      return asking.file(path)
    },
  }
}
