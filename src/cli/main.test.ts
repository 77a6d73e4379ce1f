import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { commands } from './commands.ts'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

async function outrigger(...argv: string[]) {
  const io = fakeIo()
  const code = await main(argv, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

test('without a command it shows the overview and ends as wrong usage', async () => {
  const { code, err } = await outrigger()
  assert.equal(code, 2)
  for (const name of Object.keys(commands)) assert.match(err, new RegExp(`^ {2}${name} `, 'm'))
})

for (const argv of [['help'], ['--help'], ['-h']]) {
  test(`outrigger ${argv.join(' ')} prints the overview`, async () => {
    const { code, out } = await outrigger(...argv)
    assert.equal(code, 0)
    assert.match(out, /^Outrigger: /)
  })
}

for (const argv of [['version'], ['--version'], ['-V']]) {
  test(`outrigger ${argv[0]} prints the versions`, async () => {
    const { code, out } = await outrigger(...argv)
    assert.equal(code, 0)
    assert.match(out, /^outrigger \d+\.\d+\.\d+\S*\nnode \d+\.\d+\.\d+\nplatform \w+-\w+\n$/)
  })
}

for (const name of Object.keys(commands)) {
  test(`outrigger ${name} --help names every option, and so does outrigger help ${name}`, async () => {
    const { code, out } = await outrigger(name, '--help')
    assert.equal(code, 0)
    for (const option of Object.keys(commands[name].options)) assert.ok(out.includes(`--${option}`), option)
    assert.ok(out.split('\n').every(line => line.length <= 100))
    assert.equal((await outrigger('help', name)).out, out)
  })
}

const mistakes: [string[], RegExp][] = [
  [['chekc'], /^outrigger: unknown command "chekc"; did you mean "check"\?\n$/],
  [['frobnicate'], /^outrigger: unknown command "frobnicate"; there are run, check, /],
  [['help', 'chekc'], /did you mean "check"/],
  [['--verbose'], /^outrigger: unknown option "--verbose"/],
  [
    ['check', '--confg', 'a'],
    /^outrigger check: unknown option --confg; did you mean --config\?\nTry outrigger check --help\.\n$/,
  ],
  [['check', '-x'], /^outrigger check: unknown option -x\n/],
  [['check', '-c'], /^outrigger check: .*-c, --config/],
  [['check', 'outrigger.yaml'], /^outrigger check: unexpected "outrigger\.yaml"/],
  [['init', '--force=yes'], /^outrigger init: .*--force/],
]

for (const [argv, message] of mistakes) {
  test(`outrigger ${argv.join(' ')} is wrong usage`, async () => {
    const { code, out, err } = await outrigger(...argv)
    assert.equal(code, 2)
    assert.equal(out, '')
    assert.match(err, message)
  })
}

test('a command gets its options, its arguments, and untouched what stands behind --', async () => {
  const calls: unknown[] = []
  const run = async ({
    values,
    positionals,
    rest,
  }: {
    values: object
    positionals: readonly string[]
    rest: unknown
  }) => {
    calls.push({ ...values }, positionals, rest)
    return 7
  }
  const table = {
    ...commands,
    explain: { ...commands['explain'], options: commands['run'].options, load: async () => ({ run }) },
  }
  const argv = ['explain', 'a.b', '-c', 'x', '--config', 'y', '--', 'node', '--inspect', '--', 'z']
  assert.equal(await main(argv, fakeIo(), table), 7)
  assert.deepEqual(calls, [{ config: ['x', 'y'] }, ['a.b'], ['node', '--inspect', '--', 'z']])
})

test('every command that is listed has its file', async () => {
  for (const [name, { load }] of Object.entries(commands))
    assert.ok(existsSync(`${import.meta.dirname}/${fileIn(load)}`), name)
})

function fileIn(load: () => unknown): string {
  return /import\(['"](.*?)['"]\)/.exec(load.toString())?.[1] ?? ''
}
