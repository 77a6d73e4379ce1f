// Runs the tests: `npm test`, `npm test -- src/wire` for a folder or a file, `npm test -- --long` for the long form
// of the tests that have one. With CI=true a skipped test is a failure: there everything a test needs is installed.
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'

const root = dirname(import.meta.dirname)
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    grep: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
  },
})
process.chdir(root)
if (values.long) process.env.OUTRIGGER_LONG_TESTS = '1'

const places = positionals.length > 0 ? positionals : ['src', 'test', 'examples']
const skipped: string[] = []
/** A file that hangs is a failure that names it, not a run without end. */
const FILE_TIMEOUT_MS = values.long ? 3_600_000 : 300_000
const events = run({
  cwd: root,
  timeout: FILE_TIMEOUT_MS,
  globPatterns: places.map(pattern),
  concurrency: Number(values.concurrency),
  ...(values.grep === undefined ? {} : { testNamePatterns: [values.grep] }),
})
events.on('test:fail', event => {
  if (event.todo === undefined || event.todo === false) process.exitCode = 1
})
events.on('test:pass', event => {
  if (event.skip !== undefined && event.skip !== false) skipped.push(`${event.name} (${reason(event.skip)})`)
})
// The runner waits for a process that does not end, whatever its tests have told.
const limitMs = values.long ? 5 * 3_600_000 : 60 * 60_000
setTimeout(() => {
  fail(
    `the tests did not end within ${limitMs / 60_000} minutes: a test above that failed by its time holds its process`,
  )
  process.exit()
}, limitMs).unref()
let counted = 0
events.on('test:summary', event => {
  if (event.file === undefined) counted = event.counts.tests
})
const report = events.compose(spec)
report.pipe(process.stdout)
report.on('end', conclude)

function conclude(): void {
  if (counted === 0) fail(`no tests in ${places.join(', ')}`)
  if (skipped.length > 0 && process.env.CI === 'true')
    fail(`CI=true allows no skipped tests, and ${skipped.length} were skipped:\n  ${skipped.join('\n  ')}`)
}

function fail(message: string): void {
  process.exitCode = 1
  process.stderr.write(`\n${message}\n`)
}

function pattern(place: string): string {
  const isFolder = statSync(join(root, place), { throwIfNoEntry: false })?.isDirectory() ?? false
  return isFolder ? `${place.replace(/\/$/, '')}/**/*.test.ts` : place
}

function reason(skip: string | boolean): string {
  return typeof skip === 'string' ? skip : 'no reason given'
}
