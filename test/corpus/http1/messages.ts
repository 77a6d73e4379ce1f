import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

export interface Message {
  readonly name: string
  readonly bytes: Buffer
}

/** What stands in a file of this folder. */
export function messages(file: 'requests' | 'responses'): Message[] {
  return readFileSync(join(import.meta.dirname, `${file}.txt`), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => {
      const [name, text] = line.split('\t') as [string, string]
      return { name, bytes: Buffer.from(JSON.parse(text) as string, 'latin1') }
    })
}

const PIECES =
  '\r|\n|\r\n|\r\n\r\n|\0| |\t|\v|:|,|;|=|_|0|1|A|chunked|identity|\x80|\xe9|Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n|0\r\n\r\n'.split(
    '|',
  )

/** A message of the corpus with one or two small changes anywhere. */
export function mutated(corpus: readonly Message[]): fc.Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.oneof(fc.constantFrom(...PIECES), fc.constant('')),
  })
  return fc
    .tuple(fc.constantFrom(...corpus), fc.array(change, { minLength: 1, maxLength: 2 }))
    .map(([{ bytes }, changes]) => {
      let text = bytes.toString('latin1')
      for (const { at, remove, insert } of changes) {
        const cut = Math.floor(at * text.length)
        text = text.slice(0, cut) + insert + text.slice(cut + remove)
      }
      return Buffer.from(text, 'latin1')
    })
}
