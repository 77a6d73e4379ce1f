import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { fakeModules } from '../../test/golden/config/modules-fake.ts'
import type { Doc } from '../kernel/config/doc.ts'
import { find, pathsOf } from '../kernel/config/navigate.ts'
import { wholeDoc } from '../kernel/config/whole.ts'
import { explanation } from './explain.ts'

let root: Doc

before(async () => {
  root = await wholeDoc(fakeModules)
})

function explain(path: string): string {
  const found = find(root, path)
  return found.ok ? explanation(found, 100).join('\n') : found.message
}

test('shows type, default, example and children of an option', () => {
  assert.equal(
    explain('logs.inputs.tail'),
    [
      'logs.inputs.tail',
      '  Follows files.',
      '',
      '  type  mapping',
      '',
      '  paths    list of text, at least 1  required           The files to read.',
      '  from     beginning or end          default beginning  Where a new file is read from.',
      '  maxLine  size from 1KiB to 16MiB   default 1MiB       Longer lines are split.',
      '  rescan   duration, at least 100ms  default 5s         How often the patterns are looked up.',
    ].join('\n'),
  )
})

const shown: [string, RegExp][] = [
  ['', /^outrigger\.yaml\n[\s\S]*\n {2}app +mapping +optional/],
  [
    'logs.inputs[0].tail.paths',
    /^logs\.inputs\.tail\.paths\n {2}The files to read\.\n\n {2}type +list of text, at least 1\n {2}value +required\n {2}example +\["\/var\/log\/app\/\*\.log"\]\n {2}each +A pattern\.$/,
  ],
  ['logs.outputs', /\n {2}stdout +mapping +Prints\.$/],
  ['logs.labels.team', /^logs\.labels\.team\n {2}The value\./],
  ['logs.outputs.elasticsearch.apiKey', /type +text \(secret\)/],
]

for (const [path, text] of shown) {
  test(`explains "${path}"`, () => assert.match(explain(path), text))
}

const unknown: [string, string][] = [
  ['logs.input.tail', 'unknown option "input"; did you mean logs.inputs.tail?'],
  ['tail', 'unknown option "tail"; did you mean logs.inputs.tail?'],
  ['proxy.flavour', 'unknown option "flavour"; proxy has listen, timeout, retries'],
  ['proxy.timeout.max', 'proxy.timeout has no options inside'],
  ['elasticsearch.apiKey', 'unknown option "elasticsearch"; did you mean logs.outputs.elasticsearch.apiKey?'],
]

for (const [path, message] of unknown) {
  test(`does not know "${path}"`, () => assert.equal(explain(path), message))
}

test('every path of the reference can be explained', () => {
  const paths = pathsOf(root)
  assert.ok(paths.length > 20)
  for (const path of paths) assert.ok(find(root, path).ok, path)
})
