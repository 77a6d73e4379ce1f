import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TemplateProblem } from './problem.ts'
import { Template } from './template.ts'
import { GoFunction, GoStruct, type Value } from './value.ts'

const render = (text: string, data: Value = null, options = {}) =>
  Template.compile(text, { name: 't' }).execute(data, options)

test('structs have fields and methods, and nothing else', () => {
  const secret = new GoStruct(
    '*dependency.Secret',
    { LeaseID: 'l-1', Data: new Map([['password', 'p']]) },
    { Twice: new GoFunction('Twice', 1, 1, text => `${text}${text}`) },
  )
  assert.equal(
    render('{{.LeaseID}} {{.Data.password}} {{.Twice "a"}} {{"b" | .Twice}}', secret),
    'l-1 p aa bb',
  )
  assert.equal(render('{{if .}}yes{{end}}', secret), 'yes')
  assert.throws(
    () => render('{{.Nothing}}', secret),
    /can't evaluate field Nothing in type \*dependency.Secret/,
  )
  assert.throws(
    () => render('{{.LeaseID 1}}', secret),
    /LeaseID has arguments but cannot be invoked as function/,
  )
})

test('a mistake has its line and its column', () => {
  for (const [text, line, column] of [
    ['{{ if }}', 1, 7],
    ['a\n  {{ nothing 1 }}', 2, 6],
    ['{{ "a', 1, 4],
    ['{{ range .x }}\n\n', 3, 1],
  ] as const)
    assert.throws(
      () => Template.compile(text, { name: 't' }),
      (error: unknown) => {
        assert.ok(error instanceof TemplateProblem)
        assert.deepEqual([error.line, error.column], [line, column], error.message)
        return true
      },
    )
})

test('a template that calls itself for ever, loops, or writes without end is ended', () => {
  assert.throws(
    () => render('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}'),
    /exceeded maximum template depth/,
  )
  assert.throws(
    () => render('{{range 1000000000}}{{end}}', null, { maxSteps: 10_000 }),
    /more than 10000 steps/,
  )
  assert.throws(
    () => render('{{range 1000000}}0123456789{{end}}', null, { maxOutput: 1000 }),
    /makes more than 1000 characters/,
  )
  const deep = `${'('.repeat(5000)}1${')'.repeat(5000)}`
  assert.throws(() => render(`{{${deep}}}`), /max expression depth exceeded/)
  assert.throws(() => render('{{if 1}}'.repeat(5000) + '{{end}}'.repeat(5000)), /max control depth exceeded/)
})

test('what a function executes of its own template counts as part of it', () => {
  const functions = new Map<string, GoFunction>([
    ['less', new GoFunction('less', 1, 1, n => (n as bigint) - 1n, ['int'])],
    ['run', new GoFunction('run', 2, 2, () => '')],
  ])
  const run = (text: string, maxSteps: number): string => {
    const template = Template.compile(text, { name: 't', functions })
    const bound = new GoFunction('run', 2, 2, (name, data) =>
      template.execute(data, { functions: new Map([['run', bound]]), maxSteps }, name as string),
    )
    return template.execute(null, { functions: new Map([['run', bound]]), maxSteps })
  }
  assert.equal(run('{{define "a"}}{{.}}{{if .}}{{run "a" (less .)}}{{end}}{{end}}{{run "a" 3}}', 100), '3210')
  const twice = '{{define "a"}}{{if .}}{{run "a" (less .)}}{{run "a" (less .)}}{{end}}{{end}}{{run "a" 60}}'
  assert.throws(() => run(twice, 10_000), /more than 10000 steps/)
  assert.throws(
    () => run('{{define "a"}}{{run "a" 1}}{{end}}{{run "a" 1}}', 10_000),
    /maximum template depth/,
  )
})

test('a text that doubles in a loop is ended before the memory is', () => {
  assert.throws(
    () => render('{{$x := "0123456789"}}{{range 100}}{{$x = print $x $x}}{{end}}', null, { maxOutput: 1000 }),
    /error calling print: makes more than 1000 characters/,
  )
})

test('a function can be bound anew for an execution', () => {
  const say = (text: string) => new Map([['say', new GoFunction('say', 0, 0, () => text)]])
  const template = Template.compile('{{say}}', { name: 't', functions: say('compiled') })
  assert.equal(template.execute(null), 'compiled')
  assert.equal(template.execute(null, { functions: say('executed') }), 'executed')
})

test('a template that is defined can be executed by its name', () => {
  const template = Template.compile('{{define "part"}}<{{.}}>{{end}}', { name: 't' })
  assert.equal(template.execute('x', {}, 'part'), '<x>')
  assert.deepEqual(template.names.sort(), ['part', 't'])
  assert.throws(() => template.execute('x', {}, 'other'), /no template "other" associated with template "t"/)
})

test('no text makes the parser or the execution fail otherwise than with a problem of the template', () => {
  const pieces = fc.constantFrom(
    '{{',
    '}}',
    ' - ',
    '-',
    '|',
    '(',
    ')',
    '"',
    '`',
    "'",
    '\\',
    '.',
    '$',
    '$x',
    ':=',
    '=',
    ',',
    'if ',
    'range ',
    'with ',
    'else ',
    'end',
    'define "a"',
    'template "a"',
    'block "b" .',
    'break',
    'nil',
    'true',
    '1',
    '0x',
    '1e9',
    'printf ',
    'index ',
    '/*',
    '*/',
    '\n',
    ' ',
    'é',
    '\u{1f600}',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 25 }), parts => {
      try {
        render(parts.join(''), new Map([['a', [1n]]]), { maxSteps: 10_000, maxOutput: 10_000 })
      } catch (error) {
        assert.ok(error instanceof TemplateProblem, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})
