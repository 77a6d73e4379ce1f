import { noteText } from '../kernel/config/report.ts'
import type { Call } from './call.ts'
import { configurationFiles, loadForCall } from './configuration.ts'

/** `outrigger check` */
export async function run(call: Call): Promise<number> {
  const loaded = await loadForCall(call)
  if (!loaded.ok) {
    call.io.stderr.write(loaded.report)
    return 2
  }
  const { configuration } = loaded
  const { modules, pending, hash, notes } = configuration
  const all = [...modules.keys(), ...pending.keys()]
  const names = all.length === 0 ? 'no modules' : `modules ${all.join(', ')}`
  for (const note of [...configuration.lacks(), ...notes]) call.io.stdout.write(`${noteText(note)}\n`)
  const files = configurationFiles(call)
  const skipped = notes.length === 0 ? '' : `; ${countOf(notes.length)} skipped`
  call.io.stdout.write(
    `${files.join(', ')} ${files.length === 1 ? 'is' : 'are'} valid: ${names}; hash ${hash}${skipped}\n`,
  )
  return 0
}

function countOf(documents: number): string {
  return documents === 1 ? '1 document' : `${documents} documents`
}
