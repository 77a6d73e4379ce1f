import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import type { Content } from './content.ts'
import { type ProgramOutput, Rendition, type SecretTable, type WatchedText } from './rendition.ts'

/** A file and a program that tests steer. */
function world(make: Content['make']) {
  const clock = new FakeClock()
  const runs: string[] = []
  const texts: string[] = []
  let fileChanged = () => {}
  let programEnded = () => {}
  const file = { text: 'one', problem: undefined, [Symbol.dispose]: () => {} }
  const program = {
    text: undefined as string | undefined,
    problem: undefined as string | undefined,
    refresh: () => {
      program.text = undefined
      runs.push('again')
    },
    [Symbol.dispose]: () => {},
  }
  const table: SecretTable = {
    want: () => assert.fail('no secret is asked for'),
    list: () => assert.fail('no list is asked for'),
    file: (_, onChange): WatchedText => {
      fileChanged = onChange
      return file
    },
    program: (command, onChange): ProgramOutput => {
      runs.push(command.join(' '))
      programEnded = onChange
      return program
    },
  }
  const rendition = new Rendition({
    content: { origin: 'a', make },
    table,
    clock,
    onText: bytes => texts.push(Buffer.from(bytes).toString()),
    onPass: () => {},
  })
  return {
    runs,
    texts,
    rendition,
    change: async (text: string) => {
      file.text = text
      fileChanged()
      await clock.elapse(10)
    },
    end: async (text: string | undefined, problem?: string) => {
      program.text = text
      program.problem = problem
      programEnded()
      await clock.elapse(10)
    },
  }
}

const both: Content['make'] = asking => Buffer.from(`${asking.file('f')} ${asking.program(['p', 'x'])}`)

test('a program is waited for, and run again when something else has changed, not when it has ended', async () => {
  const { runs, texts, rendition, change, end } = world(both)
  rendition.start()
  assert.deepEqual(texts, [])
  assert.deepEqual(rendition.state, { state: 'waiting', message: 'waits for p' })
  await end('1')
  assert.deepEqual(texts, ['one 1'])
  await change('two')
  assert.deepEqual(texts, ['one 1'], 'the text stays until the program has ended')
  await end('2')
  assert.deepEqual(texts, ['one 1', 'two 2'])
  assert.deepEqual(runs, ['p x', 'again'])
})

test('a program that a template names twice is run once a pass', async () => {
  const { runs, rendition, change, end } = world(asking => {
    asking.file('f')
    return Buffer.from(`${asking.program(['p'])}${asking.program(['p'])}`)
  })
  rendition.start()
  await end('1')
  await change('two')
  assert.deepEqual(runs, ['p', 'again'])
})

test('a program that fails is why there is no text, and the last one stays', async () => {
  const { texts, rendition, change, end } = world(both)
  rendition.start()
  await end('1')
  await change('two')
  await end(undefined, 'p ended with code 1')
  assert.deepEqual(rendition.state, { state: 'failed', message: 'p ended with code 1' })
  assert.deepEqual(texts, ['one 1'])
})
