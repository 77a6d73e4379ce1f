// What must hold before a change is handed in, all of it run even when one part fails: `npm run check`.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface Check {
  readonly name: string
  readonly command: readonly string[]
  readonly mend: string
}

/** Of the output of one check; who mends the first mistakes often mends the others. */
const MAX_LINES = 120

const root = dirname(import.meta.dirname)
const checks: Check[] = [
  { name: 'types', command: bin('tsc', '--noEmit', '-p', '.'), mend: 'see the messages of the compiler' },
  {
    name: 'lint and format',
    command: bin('biome', 'check', '--error-on-warnings', '--max-diagnostics=50', '.'),
    mend: 'npm run format mends most of it',
  },
  {
    name: 'architecture',
    command: [process.execPath, '--test', '--test-reporter=spec', 'test/architecture.test.ts'],
    mend: 'docs/ARCHITECTURE.md says who may know whom',
  },
]
if (existsSync(join(root, 'scripts/reference.ts')))
  checks.push({
    name: 'reference pages',
    command: [process.execPath, 'scripts/reference.ts', '--check'],
    mend: 'node scripts/reference.ts writes them anew',
  })

const results = await Promise.all(checks.map(run))
for (const { check, output, failed } of results) {
  if (failed) process.stdout.write(`\n── ${check.name} ──\n${shortened(output.trimEnd())}\n`)
}
if (results.some(result => result.failed)) process.stdout.write('\n')
for (const { check, failed, tookMs } of results) {
  const took = `${(tookMs / 1000).toFixed(1)} s`.padStart(7)
  process.stdout.write(
    `${failed ? '✗' : '✓'} ${check.name.padEnd(18)}${took}${failed ? `   ${check.mend}` : ''}\n`,
  )
}
process.exitCode = results.some(result => result.failed) ? 1 : 0

function shortened(output: string): string {
  const lines = output.split('\n')
  const more = lines.length - MAX_LINES
  return more <= 0 ? output : `${lines.slice(0, MAX_LINES).join('\n')}\n… and ${more} more lines`
}

function bin(name: string, ...parameters: string[]): string[] {
  return [join(root, 'node_modules/.bin', name), ...parameters]
}

function run(check: Check): Promise<{ check: Check; output: string; failed: boolean; tookMs: number }> {
  const started = performance.now()
  const [command = '', ...parameters] = check.command
  return new Promise(resolve => {
    let output = ''
    const end = (failed: boolean) => resolve({ check, output, failed, tookMs: performance.now() - started })
    const child = spawn(command, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (text: string) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', error => {
      output += error.message
      end(true)
    })
    child.on('close', code => end(code !== 0))
  })
}
