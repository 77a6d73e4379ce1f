import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import { nearest } from '../kernel/config/suggest.ts'
import { type Baseline, baselineOf, readBaseline, since } from '../lint/baseline.ts'
import type { Check } from '../lint/check.ts'
import { checks } from '../lint/checks/index.ts'
import { lint } from '../lint/lint.ts'
import { type Format, OUTPUTS } from '../lint/outputs/outputs.ts'
import { problemText } from '../lint/outputs/text.ts'
import { atLeast, type Report } from '../lint/report.ts'
import type { Severity } from '../manifests/finding.ts'
import type { Manifests } from '../manifests/read.ts'
import type { Call } from './call.ts'
import { openCatalogue } from './catalogue.ts'
import type { Io } from './io.ts'
import { explanationOf } from './lint/explain.ts'
import { writeFixes } from './lint/fix.ts'
import { readManifestFiles } from './manifest-files.ts'
import { type Target, writeAll } from './written-files.ts'

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info']

/** `outrigger lint FILE ...` */
export async function run(call: Call): Promise<number> {
  const { io, positionals, values } = call
  const wanted = settingsOf(call)
  if (typeof wanted === 'string') {
    io.stderr.write(`outrigger lint: ${wanted}\nTry outrigger lint --help.\n`)
    return 2
  }
  if (values['explain'] === true) {
    const explained = explanationOf(positionals, checks, io.stdout.columns ?? 100)
    ;(explained.ok ? io.stdout : io.stderr).write(explained.text)
    return explained.ok ? 0 : 2
  }
  if (positionals.length === 0) {
    io.stderr.write(
      'outrigger lint: which files? Name files or folders, or - for standard input\nTry outrigger lint --help.\n',
    )
    return 2
  }
  const catalogue = await openCatalogue(wanted.catalogs, io)
  if (!catalogue.ok) {
    io.stderr.write(catalogue.report)
    return 2
  }
  const read = await readManifestFiles(positionals, io)
  const options = { ...wanted.options, catalogue: catalogue.catalogue }
  const whole = lint(read.files, options)
  const report: Report = { ...whole, problems: [...read.problems, ...whole.problems] }
  if (wanted.writeBaseline !== undefined) return writeBaseline(wanted.writeBaseline, report, io)
  const baseline = await openBaseline(wanted.baseline, io.cwd)
  if (typeof baseline === 'string') {
    io.stderr.write(`outrigger lint: ${baseline}\n`)
    return 2
  }
  const sinceThen = (found: Report) => (baseline === undefined ? found : since(baseline, found))
  const failOn = (found: Report) =>
    found.findings.some(({ severity }) => atLeast(severity, wanted.failOn)) ? 1 : 0
  if (values['fix'] === true) {
    tellProblems(report, io)
    const check = (files: readonly Manifests[]) => sinceThen(lint(files, options))
    const left = await writeFixes(read.files, check, values['diff'] === true, io)
    return left === undefined || report.problems.length > 0 ? 2 : failOn(left)
  }
  const shown = sinceThen(report)
  const color = io.stdout.isTTY === true && !io.env['NO_COLOR']
  const made = {
    report: shown,
    files: read.files,
    checks: wanted.options.checks,
    version: packageFile.version,
  }
  const targets = wanted.outputs.map(
    ({ format, path }): Target => ({
      path: path ?? '-',
      text: OUTPUTS[format]({ ...made, color: color && path === undefined }),
    }),
  )
  const written = await writeAll(targets, io, 'lint')
  if (written !== 0 || shown.problems.length > 0) return 2
  return failOn(shown)
}

interface Settings {
  readonly options: Omit<Parameters<typeof lint>[1], 'catalogue'>
  readonly outputs: readonly { readonly format: Format; readonly path?: string }[]
  readonly failOn: Severity
  readonly catalogs: readonly string[]
  readonly baseline?: string
  readonly writeBaseline?: string
}

/** A text says what is wrong with the options. */
function settingsOf({ values }: Call): Settings | string {
  const list = (name: string) =>
    ((values[name] as string[] | undefined) ?? []).flatMap(each => each.split(','))
  const [only, disabled] = [list('only'), list('disable')]
  const unknown = [...only, ...disabled].find(each => !checks.some(check => isCalled(check, each)))
  if (unknown !== undefined) {
    const near = nearest(
      unknown,
      checks.flatMap(({ id, name }) => [id, name]),
    )
    return `there is no check "${unknown}"${near === undefined ? '' : `; did you mean ${near}?`}`
  }
  const outputs = ((values['output'] as string[] | undefined) ?? ['text']).map(text => {
    const [format = '', ...rest] = text.split('=')
    const path = rest.join('=')
    return { format, ...(path !== '' && path !== '-' && { path }) }
  })
  const wrong = outputs.find(({ format }) => !Object.hasOwn(OUTPUTS, format))
  if (wrong !== undefined) return `-o: expected ${Object.keys(OUTPUTS).join(', ')}, got "${wrong.format}"`
  if (outputs.filter(({ path }) => path === undefined).length > 1)
    return '-o: only one format goes to standard output; give the others a file: -o sarif=lint.sarif'
  const failOn = String(values['fail-on'] ?? 'warning') as Severity
  if (!SEVERITIES.includes(failOn)) return `--fail-on: expected ${SEVERITIES.join(', ')}, got "${failOn}"`
  const version = /^v?(\d+)\.(\d+)(?:\.\d+)?/.exec(String(values['kubernetes-version'] ?? '1.34'))
  if (version === null)
    return `--kubernetes-version: expected a version such as 1.34, got "${values['kubernetes-version']}"`
  const maxSidecars = numberOf(values['max-sidecars'], 3)
  const maxOverheadPercent = numberOf(values['max-overhead'], 50)
  if (maxSidecars === undefined)
    return `--max-sidecars: expected a number from 1 on, got "${values['max-sidecars']}"`
  if (maxOverheadPercent === undefined)
    return `--max-overhead: expected a number of percent, got "${values['max-overhead']}"`
  if (values['diff'] === true && values['fix'] !== true) return '--diff is for --fix'
  const other = ['output', 'write-baseline'].find(name => values[name] !== undefined)
  if (values['fix'] === true && other !== undefined) return `--fix and --${other} do not go together`
  const runs = (check: Check) =>
    (only.length === 0 || only.some(each => isCalled(check, each))) &&
    !disabled.some(each => isCalled(check, each))
  const [baseline, writeBaseline] = [values['baseline'], values['write-baseline']]
  return {
    options: {
      checks: checks.filter(runs),
      known: checks.map(({ id }) => id),
      kubernetes: { major: Number(version[1]), minor: Number(version[2]) },
      settings: { maxSidecars, maxOverheadPercent },
    },
    outputs: outputs as Settings['outputs'],
    failOn,
    catalogs: (values['catalog'] as string[] | undefined) ?? [],
    ...(typeof baseline === 'string' && { baseline }),
    ...(typeof writeBaseline === 'string' && { writeBaseline }),
  }
}

function isCalled({ id, name }: Check, text: string): boolean {
  return id === text.toUpperCase() || name === text
}

function numberOf(value: unknown, initial: number): number | undefined {
  if (value === undefined) return initial
  return /^\d{1,4}$/.test(String(value)) && Number(value) > 0 ? Number(value) : undefined
}

/** Of what could not be read there would be no findings in it: then there is none. */
async function writeBaseline(path: string, report: Report, io: Io): Promise<number> {
  if (report.problems.length > 0) {
    tellProblems(report, io)
    io.stderr.write('outrigger lint: no baseline is written\n')
    return 2
  }
  return writeAll([{ path, text: baselineOf(report) }], io, 'lint')
}

function tellProblems({ problems }: Report, { stderr }: Io): void {
  for (const problem of problems) stderr.write(problemText(problem))
}

/** undefined: none is wanted. A text says why it cannot be used. */
async function openBaseline(path: string | undefined, cwd: string): Promise<Baseline | string | undefined> {
  if (path === undefined) return undefined
  try {
    return readBaseline(await readFile(resolve(cwd, path), 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return `--baseline ${path}: ${code === 'ENOENT' ? 'there is no such file' : message}`
  }
}
