import { constants, existsSync } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { resolve } from 'node:path'

const SHELL = '/bin/sh'
/** Waits for a line, then becomes the command: the same process, so the same group, exit code and signals. */
const SCRIPT = 'read -r go <&3 || exit 125; exec "$@" 3<&-'
/** The descriptor that the gate reads. */
export const GATE_DESCRIPTOR = 3
/** What execvp(3) looks through when PATH is not set. */
const DEFAULT_PATH = '/usr/local/bin:/bin:/usr/bin'

/**
 * The command behind a gate that opens when a line comes on descriptor 3 and gives way when that ends, so that a command
 * whose starter dies too early never runs. Undefined where a shell would not pass the environment on as it is: some
 * drop variables whose names are not theirs (`discovery.type`).
 */
export function gated(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] | undefined {
  if (!existsSync(SHELL) || !Object.keys(env).every(name => /^[A-Za-z_]\w*$/.test(name))) return undefined
  return [SHELL, '-c', SCRIPT, command[0]!, ...command]
}

/** Rejects with ENOENT or EACCES, as starting the program would: a gate could only say so on the program's stderr. */
export async function checkExecutable(
  program: string,
  path: string | undefined,
  folder: string,
): Promise<void> {
  const candidates = program.includes('/')
    ? [resolve(folder, program)]
    : (path ?? DEFAULT_PATH).split(':').map(entry => resolve(folder, entry, program))
  let refused: unknown
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK)
      if ((await stat(candidate)).isFile()) return
      refused = Object.assign(new Error(`${candidate} is a folder`), { code: 'EACCES' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') refused = error
    }
  }
  throw refused ?? Object.assign(new Error(`there is no ${program}`), { code: 'ENOENT' })
}
