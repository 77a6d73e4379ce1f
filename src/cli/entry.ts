// The program: hands the process to `main` and its answer to the shell. Only this file runs when it is imported.
import type { Io } from './io.ts'
import { main } from './main.ts'

/** Something may still hold the loop after the command has ended, such as a socket that a peer does not close. */
const LINGER_MS = 1000

/** Set by the launcher when it runs another Node in its stead; not for the application. */
const launcher = Number(process.env['OUTRIGGER_LAUNCHER'])
delete process.env['OUTRIGGER_LAUNCHER']

const io: Io = {
  ...(launcher > 0 && { launcher }),
  get stdin() {
    return process.stdin
  },
  get stdout() {
    return process.stdout
  },
  get stderr() {
    return process.stderr
  },
  env: process.env,
  cwd: process.cwd(),
}

// `outrigger logs | head` closes the pipe: that is an end, not an error.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await main(process.argv.slice(2), io)
setTimeout(() => process.exit(), LINGER_MS).unref()
