import type { Io } from './io.ts'

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024

/** What kubectl prints, so that every way to log in that it knows is known here. Rejects with what it says. */
export async function kubectl(args: readonly string[], { env }: Pick<Io, 'env'>): Promise<string> {
  const { execFile } = process.getBuiltinModule('node:child_process')
  return new Promise((resolve, reject) => {
    execFile(
      'kubectl',
      [...args],
      { env: env as NodeJS.ProcessEnv, maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else if (error.code === 'ENOENT') reject(new Error('kubectl is not installed, or not on the PATH'))
        else
          reject(new Error(`kubectl ${args.join(' ')}: ${stderr.trim().split('\n').at(-1) || error.message}`))
      },
    )
  })
}
