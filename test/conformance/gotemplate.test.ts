/** Our templates against Go's own: tables of what is used, and templates that nobody would write. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Template } from '../../src/wire/gotemplate/template.ts'
import { GoFunction, GoUint, StringMap, type Value } from '../../src/wire/gotemplate/value.ts'
import { JsonNumber } from '../../src/wire/json/lossless.ts'
import { isOnPath } from '../fakes/programs.ts'
import { type Oracle, type OracleAnswer, type OracleRequest, startOracle } from '../oracles/gotemplate.ts'
import { EXPRESSIONS, FORMATS } from './gotemplate-table.ts'

const functions = new Map(
  [
    new GoFunction('upper', 1, 1, text => (text as string).toUpperCase(), ['string']),
    new GoFunction(
      'repeat',
      2,
      2,
      (text, count) => {
        if ((count as bigint) < 0n) throw new Error('strings: negative Repeat count')
        return (text as string).repeat(Number(count))
      },
      ['string', 'int'],
    ),
    new GoFunction('sum', 2, 2, (a, b) => BigInt.asIntN(64, (a as bigint) + (b as bigint)), ['int']),
    new GoFunction('half', 1, 1, a => (a as number) / 2, ['float64']),
    new GoFunction('negate', 1, 1, a => !a, ['bool']),
    new GoFunction('any', 1, 1, a => a),
    new GoFunction('list', 0, Number.POSITIVE_INFINITY, (...all) => all),
    new GoFunction('fail', 0, 0, () => {
      throw new Error('it failed')
    }),
  ].map(each => [each.name, each]),
)

const DATA: Value = new Map<Value, Value>([
  ['name', 'joe'],
  ['empty', ''],
  ['zero', 0n],
  ['int', 42n],
  ['negative', -7n],
  ['uint', new GoUint(7n)],
  ['float', 2.5],
  ['whole', 3],
  ['big', 1e21],
  ['number', new JsonNumber('1.0')],
  ['huge', new JsonNumber('12345678901234567890')],
  ['yes', true],
  ['no', false],
  ['nothing', null],
  ['bytes', Buffer.from('héllo')],
  ['list', [1n, 'two', 3.5, null, [4n]]],
  ['none', []],
  [
    'map',
    new Map<Value, Value>([
      ['b', 2n],
      ['a', 'x'],
      ['deep', new Map([['key', 'value']])],
      ['nil', null],
    ]),
  ],
  [
    'texts',
    new StringMap([
      ['k', 'v'],
      ['html', '<a href="x">&\''],
    ]),
  ],
])

function ours({ template, data, missingKey, delimiters }: OracleRequest): OracleAnswer {
  try {
    const compiled = Template.compile(template, {
      name: 't',
      missingKey,
      functions,
      ...(delimiters !== undefined && { delimiters }),
    })
    return { output: compiled.execute(data, { maxSteps: 100_000 }) }
  } catch (error) {
    return { output: '', error: (error as Error).message }
  }
}

/** Where Go says `interface {}` we name the type of what is in it, which helps more. */
function comparable({ output, error }: OracleAnswer): OracleAnswer {
  if (error === undefined) return { output }
  return {
    output,
    error: error
      .replace(/( in type | evaluating ).*$/s, '$1…')
      // Go shows the values themselves, which here are secrets.
      .replace(/(range can't iterate over|: can't use) .*$/s, '$1 …')
      .replace(/(non-comparable types?) .*$/s, '$1…')
      .replace('reflect: call of reflect.Value.Type on zero Value', 'len of nil pointer')
      // What comes out of a container has the type `interface {}` in Go where it is an argument, and nothing has a type.
      .replace(
        /(: error calling \w+:|: wrong type for value;|: invalid value;).*(nil|interface \{\}|type|invalid value).*$/s,
        ': …',
      )
      .replace(/(exceeded maximum template depth).*$/, '$1…'),
  }
}

// Where there is no Go of our own age these tests do not exist.
if (hasGo())
  describe('templates give what Go gives', () => {
    let oracle: Oracle
    before(async () => {
      oracle = await startOracle()
    })
    after(() => oracle.stop())

    const compare = async (requests: readonly OracleRequest[]) => {
      const answers = await oracle.ask(requests)
      const differences = requests.flatMap((request, index) => {
        const [our, theirs] = [comparable(ours(request)), comparable(answers[index]!)]
        return isDeepStrictEqual(our, theirs) ? [] : [{ template: request.template, our, theirs }]
      })
      assert.deepEqual(differences, [])
    }

    for (const missingKey of ['default', 'zero', 'error'] as const)
      test(`for every row of the table, missingkey=${missingKey}`, () =>
        compare(EXPRESSIONS.flatMap(template => [DATA, null].map(data => ({ template, data, missingKey })))))

    test('for every verb, flag, width and precision on every kind of value', async () => {
      const values = [...(DATA as ReadonlyMap<string, Value>).keys()].map(key => `.${key}`)
      await compare(
        FORMATS.flatMap(format =>
          values.map(value => ({
            template: `{{printf ${JSON.stringify(format)} ${value}}}`,
            data: DATA,
            missingKey: 'default' as const,
          })),
        ),
      )
    })

    test('with other delimiters', () =>
      compare(
        ['<< .name >>', '{{ .name }} << .int ->> x', '[[ .name ]]', '<<- .name ->> <</* no */>>', '<<'].map(
          template => ({
            template,
            data: DATA,
            missingKey: 'default',
            delimiters: ['<<', '>>'],
          }),
        ),
      ))

    test('for templates that are put together at random', () =>
      fc.assert(
        fc.asyncProperty(fc.array(templates(), { minLength: 40, maxLength: 40 }), all =>
          compare(all.map(template => ({ template, data: DATA, missingKey: 'default' }))),
        ),
        // Always the same ones, so that a build fails for what it has changed.
        { numRuns: 60, seed: 26 },
      ))
  })

/** 1.24 and later range over numbers, and have `else with`. */
function hasGo(): boolean {
  if (!isOnPath('go')) return false
  const version = /go1\.(\d+)/.exec(execFileSync('go', ['version'], { encoding: 'utf8' }))?.[1]
  return Number(version) >= 24
}

/** Templates from a grammar that is a little wider than the right one. */
function templates(): fc.Arbitrary<string> {
  const { template } = fc.letrec<{
    template: string
    block: string
    pipe: string
    command: string
    operand: string
  }>(tie => ({
    operand: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...OPERANDS) },
      { weight: 1, arbitrary: tie('pipe').map(pipe => `(${pipe})`) },
      { weight: 1, arbitrary: tie('pipe').map(pipe => `(${pipe}).key`) },
    ),
    command: fc.oneof(
      { weight: 3, arbitrary: tie('operand') },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom(...CALLS), fc.array(tie('operand'), { maxLength: 3 }))
          .map(([name, args]) => [name, ...args].join(' ')),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(formats(), fc.array(tie('operand'), { maxLength: 3 }))
          .map(([format, args]) => ['printf', JSON.stringify(format), ...args].join(' ')),
      },
    ),
    pipe: fc.array(tie('command'), { minLength: 1, maxLength: 3 }).map(commands => commands.join(' | ')),
    block: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(' text ', '\n', '\t{', '}}', '{{- /* note */ -}}', ' {{- ', ' -}} '),
      tie('pipe').map(pipe => `{{${pipe}}}`),
      tie('pipe').map(pipe => `{{- ${pipe} -}} `),
      tie('pipe').map(pipe => `{{$x := ${pipe}}}{{$x}}`),
      fc
        .tuple(tie('pipe'), tie('template'), tie('template'))
        .map(([p, a, b]) => `{{if ${p}}}${a}{{else}}${b}{{end}}`),
      fc
        .tuple(tie('pipe'), tie('template'))
        .map(([p, a]) => `{{with ${p}}}${a}{{else with .map}}{{.a}}{{end}}`),
      fc
        .tuple(tie('pipe'), tie('template'))
        .map(([p, a]) => `{{range $i, $e := ${p}}}${a}{{$i}}{{else}}none{{end}}`),
      fc.tuple(tie('pipe'), tie('template')).map(([p, a]) => `{{range ${p}}}${a}{{break}}{{end}}`),
      fc
        .tuple(tie('pipe'), tie('template'))
        .map(([p, a]) => `{{define "d"}}${a}{{end}}{{template "d" ${p}}}`),
    ),
    template: fc.array(tie('block'), { maxLength: 3 }).map(blocks => blocks.join('')),
  }))
  return template
}

/** Formats of printf: flags, indexes, widths and precisions, right and wrong, before every verb but that of addresses. */
function formats(): fc.Arbitrary<string> {
  const index = fc.constantFrom('', '', '', '[1]', '[2]', '[0]', '[9]', '[x]', '[')
  const directive = fc.tuple(
    fc.constantFrom('', 'é ', '|'),
    fc.array(fc.constantFrom('+', '-', '#', ' ', '0'), { maxLength: 3 }).map(flags => flags.join('')),
    index,
    fc.constantFrom('', '', '', '1', '8', '20', '*'),
    fc.constantFrom('', '', '', '.', '.0', '.3', '.12', '.*', '.[2]*'),
    index,
    fc.constantFrom('', ...'vvvdsqxXtTeEfFgGbcoOUw%!zé'),
  )
  return fc
    .array(directive, { minLength: 1, maxLength: 3 })
    .map(all => all.map(([text, flags, ...rest]) => `${text}%${flags}${rest.join('')}`).join(''))
}

const OPERANDS = [
  '.',
  '$',
  '.name',
  '.empty',
  '.int',
  '.negative',
  '.uint',
  '.float',
  '.number',
  '.huge',
  '.yes',
  '.nothing',
  '.missing',
  '.missing.deeper',
  '.nothing.deeper',
  '.bytes',
  '.list',
  '.none',
  '.map',
  '.map.a',
  '.map.deep.key',
  '.texts',
  '.texts.k',
  '.texts.missing',
  '.name.wrong',
  '"text"',
  '`raw`',
  "'c'",
  '"\\u00e9\\x41\\n"',
  '0',
  '1',
  '-3',
  '0x1F',
  '1_000',
  '1.5',
  '1e3',
  '2i',
  '1.5-0x1p-2i',
  'true',
  'false',
  'nil',
]

const CALLS = [
  'and',
  'or',
  'not',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'index',
  'len',
  'print',
  'println',
  'printf "%v %d %s|"',
  'html',
  'js',
  'urlquery',
  'upper',
  'repeat',
  'sum',
  'half',
  'negate',
  'any',
  'list',
  'fail',
  'call',
  'unknown',
]
