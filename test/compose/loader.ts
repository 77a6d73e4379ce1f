import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SOURCES = fileURLToPath(new URL('./loader', import.meta.url))

/** Builds the program with Compose's own loader; undefined where that cannot be. */
export async function buildLoader(to: string): Promise<string | undefined> {
  const build = promisify(execFile)('go', ['build', '-o', to, '.'], { cwd: SOURCES, timeout: 180_000 })
  return build.then(
    () => to,
    () => undefined,
  )
}

/** What Compose says of each document: `ok`, or what is wrong. */
export async function verdicts(program: string, documents: readonly unknown[]): Promise<string[]> {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'close')
  const said = text(child.stdout)
  child.stdin.end(documents.map(document => `${JSON.stringify(document)}\n`).join(''))
  await ended
  return (await said).trimEnd().split('\n')
}
