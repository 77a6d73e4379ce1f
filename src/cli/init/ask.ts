import { createInterface } from 'node:readline/promises'
import type { Io } from '../io.ts'
import type { Choices, Format } from './first-configuration.ts'

const formats: readonly Format[] = ['json', 'raw', 'logfmt', 'cri', 'docker']

/** Asks about each choice; an empty answer takes what was found, an end of input takes nothing. */
export async function ask(found: Choices, io: Io): Promise<Choices | undefined> {
  const lines = createInterface({
    input: io.stdin,
    output: io.stderr as NodeJS.WritableStream & Io['stderr'],
  })
  const ended = new Promise<undefined>(resolve => lines.once('close', () => resolve(undefined)))
  const question = async (
    text: string,
    fallback: string,
    fits: (answer: string) => boolean,
  ): Promise<string | undefined> => {
    const answer = await Promise.race([lines.question(`${text} [${fallback}]: `), ended])
    if (answer === undefined) return undefined
    const given = answer.trim() || fallback
    return fits(given) ? given : question(text, fallback, fits)
  }
  try {
    const paths = await question(
      'Log files, separated by blanks',
      found.paths.join(' '),
      answer => !answer.endsWith('/'),
    )
    const format =
      paths &&
      (await question(`Their format: ${formats.join(', ')}`, found.format, answer =>
        formats.includes(answer as Format),
      ))
    const output =
      format &&
      (await question('Where to: store, stdout or the URL of an Elasticsearch', found.output, isOutput))
    if (!paths || !format || !output) return undefined
    return { ...found, paths: paths.split(/\s+/), format: format as Format, output }
  } finally {
    lines.close()
  }
}

function isOutput(answer: string): boolean {
  return answer === 'store' || answer === 'stdout' || (/^https?:\/\//.test(answer) && URL.canParse(answer))
}
