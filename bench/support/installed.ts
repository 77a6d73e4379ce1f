import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
let launcher: string | undefined

/** The launcher of a fresh build that lies as an installed package does: what users run, and not the checkout. */
export function installedLauncher(): string {
  if (launcher !== undefined) return launcher
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-installed-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--quiet', '--out', join(folder, 'dist')])
  for (const part of ['bin', 'catalog', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  launcher = join(folder, 'bin', 'outrigger.js')
  return launcher
}
