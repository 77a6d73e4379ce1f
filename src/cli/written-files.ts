import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Io } from './io.ts'

export interface Target {
  /** `-` is standard output. */
  readonly path: string
  readonly text: string
}

/**
 * Writes each text whole or not at all: into a file beside, which then takes the name. One that cannot be written does
 * not hide the others; it is told on stderr. Resolves with 0, or 2 when one failed.
 */
export async function writeAll(
  targets: readonly Target[],
  { stdout, stderr, cwd }: Pick<Io, 'stdout' | 'stderr' | 'cwd'>,
  command: string,
): Promise<number> {
  let failed = false
  for (const { path, text } of targets) {
    if (path === '-') {
      stdout.write(text)
      continue
    }
    const file = resolve(cwd, path)
    const beside = `${file}.${process.pid}.part`
    try {
      await writeFile(beside, text, { flag: 'wx' })
      await rename(beside, file)
    } catch (error) {
      failed = true
      await rm(beside, { force: true })
      stderr.write(
        `outrigger ${command}: ${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}\n`,
      )
    }
  }
  return failed ? 2 : 0
}
