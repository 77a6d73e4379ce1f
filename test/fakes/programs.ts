import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** For tests with real peers: whether a program can be started by its name. */
export function isOnPath(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  return folders.some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** For a test's `skip`: false when all of them are there, else what is missing. With CI=true a skipped test is a failure. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter(program => !isOnPath(program))
  return absent.length === 0 ? false : `not installed: ${absent.join(', ')}`
}
