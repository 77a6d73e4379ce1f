import { createInterface } from 'node:readline'
import type { Io } from '../io.ts'
import type { Choices, Format } from './first-configuration.ts'

const formats: readonly Format[] = ['json', 'raw', 'logfmt', 'cri', 'docker']

/** Asks about each choice; an empty answer takes what was found. Undefined when the input ends before the last answer. */
export async function ask(found: Choices, io: Io): Promise<Choices | undefined> {
  const input = createInterface({ input: io.stdin })
  const lines = input[Symbol.asyncIterator]()
  const question = async (text: string, fallback: string, fits: (answer: string) => boolean) => {
    for (;;) {
      io.stderr.write(`${text} [${fallback}]: `)
      const { done, value } = await lines.next()
      if (done) return undefined
      const answer = value.trim() || fallback
      if (fits(answer)) return answer
    }
  }
  try {
    const paths = await question(
      'Log files, separated by blanks',
      found.paths.join(' '),
      text => !text.endsWith('/'),
    )
    const format = paths && (await question(`Their format: ${formats.join(', ')}`, found.format, isFormat))
    const output =
      format &&
      (await question('Where to: store, stdout or the URL of an Elasticsearch', found.output, isOutput))
    if (!paths || !format || !output) return undefined
    return { ...found, paths: paths.split(/\s+/), format: format as Format, output }
  } finally {
    input.close()
  }
}

function isFormat(answer: string): boolean {
  return (formats as readonly string[]).includes(answer)
}

function isOutput(answer: string): boolean {
  return answer === 'store' || answer === 'stdout' || (/^https?:\/\//.test(answer) && URL.canParse(answer))
}
