import { parseCommandLine } from '../../../personalities/fluent-bit/command-line/command-line.ts'
import { loadKeepingVariables } from '../../../personalities/fluent-bit/kept-variables.ts'
import type { Io } from '../../io.ts'
import { configurationFiles } from './files.ts'
import { findingReport } from './report.ts'

/** `outrigger import fluent-bit FILE`: our configuration on stdout, what is lost on stderr; 1 when something is. */
export async function importFluentBit([config, ...others]: readonly string[], io: Io): Promise<number> {
  const parsed = parseCommandLine(['-c', config])
  if (others.length > 0 || !parsed.ok) {
    io.stderr.write('outrigger import fluent-bit: expected one FILE; it names the others itself\n')
    return 2
  }
  const { configuration, service, findings } = loadKeepingVariables({
    commandLine: parsed.commandLine,
    files: configurationFiles,
    cwd: io.cwd,
    environment: name => io.env[name],
  })
  const { stringify } = await import('yaml')
  const { storagePath } = service
  const document = { ...(storagePath !== undefined && { dataDir: storagePath }), ...configuration }
  io.stdout.write(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
  io.stderr.write(findingReport(findings))
  return findings.length > 0 ? 1 : 0
}
