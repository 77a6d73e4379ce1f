import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkMultiline, multilineField } from './config.ts'

const START = { start: { pattern: '^a' } }
const states = (...rules: readonly object[]) => ({ states: { rules } })

suite('the option multiline', () => {
  const wrong: readonly [string, object, string, RegExp][] = [
    [
      'a pattern that does not parse',
      { rules: [{ start: { pattern: '(' } }] },
      'rules.0.start.pattern',
      /regular/,
    ],
    [
      'a pattern without end',
      { rules: [{ continuation: { pattern: '(?=x)(a+)+$' } }] },
      'rules.0.continuation.pattern',
      /exponential/,
    ],
    ['an end by nothing', { rules: [{ end: {} }] }, 'rules.0.end', /got none/],
    [
      'an end by two things',
      { rules: [{ end: { pattern: 'a', equals: 'b' } }] },
      'rules.0.end',
      /pattern and equals/,
    ],
    [
      'a rule that no line comes to',
      { rules: [START, { builtin: 'java' }] },
      'rules.1',
      /rules\[0\] \(start\)/,
    ],
    [
      'states without a begin',
      { rules: [states({ from: ['x'], pattern: 'a', to: 'x' })] },
      'rules.0.states.rules',
      /start_state/,
    ],
    [
      'a state that nothing leads to',
      {
        rules: [
          states({ from: ['start_state'], pattern: 'a', to: 'b' }, { from: ['c'], pattern: 'a', to: 'b' }),
        ],
      },
      'rules.0.states.rules.1.from.0',
      /no rule leads to the state c/,
    ],
    ['a field that is none', { rules: [START], field: 'a.' }, 'field', /field/],
  ]
  for (const [name, options, path, message] of wrong) {
    test(`${name} is a problem at ${path}`, () => {
      const decoded = multilineField.decode(options)
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
      const [problem] = checkMultiline(decoded.value, [])
      assert.equal(problem?.path.join('.'), path)
      assert.match(problem.message, message)
      assert.ok(problem.hint)
    })
  }

  test('a rule that is not known is a problem of the schema', () => {
    assert.equal(multilineField.decode({ rules: [{ builtin: 'cobol' }] }).ok, false)
    assert.equal(multilineField.decode({ rules: [] }).ok, false)
  })
})
