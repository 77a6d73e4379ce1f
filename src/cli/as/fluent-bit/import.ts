import { parseCommandLine } from '../../../personalities/fluent-bit/command-line/command-line.ts'
import { loadKeepingVariables } from '../../../personalities/fluent-bit/kept-variables.ts'
import { withOwnMetricNames } from '../../../personalities/fluent-bit/metrics-outputs.ts'
import type { Finding } from '../../../personalities/fluent-bit/syntax/document.ts'
import type { Io } from '../../io.ts'
import { findingReport } from '../report.ts'
import { configurationFiles } from './files.ts'

/** `outrigger import fluent-bit FILE`: our configuration on stdout, what is lost on stderr; 1 when something is. */
export async function importFluentBit([config, ...others]: readonly string[], io: Io): Promise<number> {
  const parsed = parseCommandLine(['-c', config])
  if (others.length > 0 || !parsed.ok) {
    io.stderr.write('outrigger import fluent-bit: expected one FILE; it names the others itself\n')
    return 2
  }
  const { configuration, service, ...loaded } = loadKeepingVariables({
    commandLine: parsed.commandLine,
    files: configurationFiles,
    cwd: io.cwd,
    environment: name => io.env[name],
  })
  const findings = [...loaded.findings]
  const { stringify } = await import('yaml')
  const { storagePath } = service
  const renamed = withOwnMetricNames(configuration)
  if (renamed !== undefined) findings.push(renaming(config))
  const document = {
    ...(storagePath !== undefined && { dataDir: storagePath }),
    ...(renamed ?? configuration),
  }
  io.stdout.write(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
  io.stderr.write(findingReport(findings))
  return findings.length > 0 ? 1 : 0
}

function renaming(file: string): Finding {
  return {
    level: 'warning',
    place: { file, line: 0, column: 0 },
    subject: 'metrics',
    message: 'are called outrigger_… and process_… from here on, and not fluentbit_…',
    hint: 'dashboards that ask for fluentbit_… go on with outrigger as fluent-bit only',
  }
}
