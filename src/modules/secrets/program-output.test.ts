import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { LiveProgramOutput } from './program-output.ts'

/** Resolves with the n-th end of the program. */
function started(command: readonly string[], env: Record<string, string> = {}) {
  const clock = new FakeClock()
  let ends = 0
  const waiting: { readonly n: number; readonly resolve: () => void }[] = []
  const output = new LiveProgramOutput(
    {
      clock,
      random: () => 0,
      signal: new AbortController().signal,
      env: { PATH: process.env['PATH'], ...env },
    },
    command,
    () => {
      ends++
      for (const { n, resolve } of waiting) if (n <= ends) resolve()
    },
  )
  const end = (n = 1) => new Promise<void>(resolve => (ends >= n ? resolve() : waiting.push({ n, resolve })))
  return { clock, output, end }
}

test('a program gives its output without blanks around it; no shell looks at its arguments', async () => {
  const { output, end } = started(['printf', ' %s,', '$HOME', 'a b'])
  assert.equal(output.text, undefined)
  await end()
  assert.equal(output.text, '$HOME, a b,')
  output[Symbol.dispose]()
})

test('a program that fails is told with the end of its errors, and run again', async () => {
  const { clock, output, end } = started(['sh', '-c', 'echo out; echo no luck >&2; exit 3'])
  await end()
  assert.equal(output.text, undefined)
  assert.equal(output.problem, 'sh ended with code 3: no luck')
  await clock.elapse(10_000)
  await end(2)
  output[Symbol.dispose]()
})

test('a program that is not there is named', async () => {
  const { output, end } = started(['no-such-program'])
  await end()
  assert.equal(output.problem, 'there is no program no-such-program')
  output[Symbol.dispose]()
})

test('a program that writes without end is ended', async () => {
  const { output, end } = started(['yes'])
  await end()
  assert.equal(output.problem, 'yes writes more than 1048576 bytes')
  output[Symbol.dispose]()
})

test('asked for once more it is run once more', async () => {
  const { output, end } = started(['sh', '-c', 'echo $$'])
  await end()
  const first = output.text
  output.refresh()
  assert.equal(output.text, undefined)
  await end(2)
  assert.notEqual(output.text, first)
  output[Symbol.dispose]()
})

test('nobody wants it any more: it is ended', async () => {
  const { output } = started(['sleep', '1000'])
  await new Promise(resolve => setTimeout(resolve, 50))
  output[Symbol.dispose]()
  // A process that were left would hold the test.
})
