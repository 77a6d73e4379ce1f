import { readCatalogue } from '../../injection/catalogue/read.ts'
import { renderReport } from '../../kernel/config/report.ts'
import type { Call } from '../call.ts'
import { BUILT_IN, readSources } from '../catalogue.ts'
import { formatOf, print } from './request.ts'

/** `outrigger catalog validate [PATH ...]`: 0 without a mistake, 1 with some, 2 when a path cannot be read. */
export async function run(call: Call, paths: readonly string[]): Promise<number> {
  const format = formatOf(call, 'validate')
  if (format === undefined) return 2
  const { io, values } = call
  const sources = await readSources(paths.length > 0 ? paths : [BUILT_IN], io)
  const read = readCatalogue(sources.files, { replace: values['replace'] === true })
  const problems = [...sources.problems, ...read.problems]
  const names = sources.files.map(({ name }) => name)
  const code = sources.problems.length > 0 ? 2 : read.problems.length > 0 ? 1 : 0
  if (format !== 'table') await print(call, problems, format)
  else if (problems.length > 0)
    io.stderr.write(renderReport(problems, names).replace(', nothing was started.', '.'))
  else io.stdout.write(`${summary(names.length)} without a mistake.\n`)
  return code
}

function summary(files: number): string {
  return files === 1 ? '1 file is' : `${files} files are`
}
