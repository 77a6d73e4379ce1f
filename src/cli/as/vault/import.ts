import type { Finding } from '../../../personalities/finding.ts'
import { parseCommandLine } from '../../../personalities/vault-agent/command-line.ts'
import { loadVaultAgent } from '../../../personalities/vault-agent/load.ts'
import type { Io } from '../../io.ts'
import { findingReport } from '../report.ts'
import { existingMode, readConfigurationFiles, templateText } from './files.ts'

/** `outrigger import vault-agent FILE ...`: our configuration on stdout, what is lost on stderr; 1 when something is. */
export async function importVaultAgent(files: readonly string[], io: Io): Promise<number> {
  const parsed = parseCommandLine(files.map(file => `-config=${file}`))
  if (!parsed.ok) {
    io.stderr.write(`outrigger import vault-agent: ${parsed.message}\n`)
    return 2
  }
  const findings: Finding[] = []
  const translation = loadVaultAgent(readConfigurationFiles(files, io.cwd), {
    commandLine: parsed.commandLine,
    cwd: io.cwd,
    // How the server is reached from here is no part of the file.
    environment: name => (/^(VAULT|BAO)_|_proxy$/i.test(name) ? undefined : io.env[name]),
    bundle: given => {
      if ('folder' in given)
        findings.push({
          level: 'warning',
          place: { file: given.folder, line: 0, column: 0 },
          subject: 'vault.ca_path',
          message: 'is a folder of certificates, and tls.ca is one file',
          hint: `cat ${given.folder}/* > ca.pem`,
        })
      return '/etc/outrigger/ca.pem'
    },
    existingMode,
    templateText,
  })
  findings.push(...translation.findings)
  const { pidFile, exitAfterAuth, exitOnLoginError, exitOnRetryFailureMs, listeners } = translation.behaviour
  const lost = [
    [pidFile !== undefined, 'pid_file', 'is written by outrigger as vault agent only'],
    [
      exitAfterAuth,
      'exit_after_auth',
      'is a matter of outrigger as vault agent only',
      'a native sidecar with a startup probe needs no init container',
    ],
    [exitOnLoginError, 'auto_auth.method.exit_on_err', 'is a matter of outrigger as vault agent only'],
    [
      exitOnRetryFailureMs !== undefined,
      'template_config.exit_on_retry_failure',
      'is a matter of outrigger as vault agent only',
    ],
    [
      listeners.length > 0,
      'listener',
      'is served by outrigger as vault agent only',
      'metrics are at admin.listen',
    ],
  ] as const
  for (const [is, subject, message, hint] of lost)
    if (is)
      findings.push({
        level: 'warning',
        place: { file: files[0]!, line: 0, column: 0 },
        subject,
        message,
        ...(hint !== undefined && { hint }),
      })
  const { stringify } = await import('yaml')
  io.stdout.write(
    stringify(escaped(translation.configuration), { lineWidth: 0, aliasDuplicateObjects: false }),
  )
  io.stderr.write(findingReport(findings))
  return findings.length > 0 ? 1 : 0
}

/** What looks like one of our references and is text of the original stays text. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', '$${')
  if (Array.isArray(value)) return value.map(escaped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, escaped(each)]))
}
