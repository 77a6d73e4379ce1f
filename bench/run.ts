/** `npm run bench [-- NAME …]`: runs the named benches, or lists them. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const benches = readdirSync(folder)
  .filter(file => file.endsWith('.ts') && file !== 'run.ts')
  .map(file => file.slice(0, -3))
const [name, ...rest] = process.argv.slice(2)
if (!name || !benches.includes(name)) {
  process.stdout.write(`usage: npm run bench -- NAME [options]\nbenches: ${benches.join(', ')}\n`)
  process.exitCode = name ? 2 : 0
} else {
  process.exitCode =
    spawnSync(process.execPath, [`${folder}${name}.ts`, ...rest], { stdio: 'inherit' }).status ?? 1
}
