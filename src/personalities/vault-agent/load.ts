import { parseHcl } from '../../wire/hcl/parser.ts'
import { HclError } from '../../wire/hcl/tree.ts'
import type { Finding } from '../finding.ts'
import { Section } from './section.ts'
import { type TranslateGiven, type Translation, translate } from './translate.ts'

/** A file of a configuration: its text, or why there is none. */
export type ConfigurationFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly problem: string }

/** Reads and translates what a command line names; the caller has read the files. Pure. */
export function loadVaultAgent(files: readonly ConfigurationFile[], given: TranslateGiven): Translation {
  const findings: Finding[] = [...given.commandLine.findings]
  const tops = files.flatMap(file => {
    const body = 'text' in file ? parsed(file, findings) : undefined
    if ('problem' in file)
      findings.push({
        level: 'error',
        place: { file: file.path, line: 0, column: 0 },
        subject: '',
        message: file.problem,
      })
    return body === undefined ? [] : [new Section(body, { name: '', file: file.path, findings })]
  })
  return translate(tops, given, findings)
}

function parsed({ path, text }: { readonly path: string; readonly text: string }, findings: Finding[]) {
  try {
    return parseHcl(text)
  } catch (error) {
    if (!(error instanceof HclError)) throw error
    const { place, message, hint } = error
    findings.push({
      level: 'error',
      place: { file: path, ...place },
      subject: '',
      message,
      ...(hint !== undefined && { hint }),
    })
    return undefined
  }
}
