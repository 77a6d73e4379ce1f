import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SPRIG } from '../../../../../test/conformance/sprig-table.ts'
import { Template } from '../../../../wire/gotemplate/template.ts'
import { GENERATORS } from './generators.ts'
import { sprigFunctions } from './table.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const FUNCTIONS = new Map([...sprigFunctions(() => NOW), ...GENERATORS].map(each => [each.name, each]))

function made(expression: string): string {
  return Template.compile(`{{ ${expression} }}`, { name: 'test', functions: FUNCTIONS }).execute(null)
}

const quoted = (text: string) => JSON.stringify(text)

test('functions of sprig make what they make in an agent', () => {
  const differences = SPRIG.map(([expression, text]) => ({
    expression,
    text,
    ours: made(expression),
  })).filter(each => each.ours !== each.text)
  assert.deepEqual(differences, [])
})

const ERRORS: readonly (readonly [string, RegExp])[] = [
  ['sprig_div 1 0', /integer divide by zero/],
  ['sprig_mod 1 "x"', /integer divide by zero/],
  ['sprig_divf 1 0', /decimal division by 0/],
  ['sprig_repeat -1 "a"', /negative Repeat count/],
  ['sprig_repeat 1000001 "a"', /more than 1000000/],
  ['sprig_until 1000002', /more than 1000000/],
  ['sprig_seq 9223372036854775807', /more than 1000000/],
  ['sprig_indent 2000000 "a"', /more than 1000000/],
  ['sprig_substr 4 2 "hello"', /out of range/],
  ['sprig_first 5', /Cannot find first on type int/],
  ['sprig_append "a" 1', /Cannot push on type string/],
  ['sprig_has 1 "a"', /Cannot find has on type string/],
  ['sprig_slice (sprig_list 1) 2 1', /out of bounds/],
  ['sprig_chunk 0 (sprig_list 1)', /at least 1/],
  ['sprig_concat 1', /Cannot concat type int/],
  ['sprig_get "x" "y"', /expected a dict/],
  ['sprig_dig "a" 1', /at least three arguments/],
  ['sprig_fail "the reason"', /the reason/],
  ['sprig_mustFromJson "{"', /error calling sprig_mustFromJson/],
  ['sprig_mustRegexFind "a(" "x"', /error parsing regexp/],
  ['sprig_semver "one"', /Invalid Semantic Version/],
  ['sprig_semver "1.2.3-01"', /starts with 0/],
  ['sprig_semverCompare ">>1" "1.0.0"', /improper constraint/],
  ['sprig_urlParse "http://h:x/"', /invalid port/],
  ['sprig_urlParse "http://u:marked-secret@h/%zz"', /invalid URL escape$/],
  ['sprig_urlJoin (sprig_dict "host" 1)', /must be of type string/],
  ['sprig_mustToDate "2006" "x"', /no time of the layout/],
  ['sprig_unixEpoch 5', /expected a time/],
  ['sprig_decryptAES "k" "bm9uZQ=="', /no block of AES/],
  ['sprig_buildCustomCert "eA==" "eA=="', /unable to decode certificate/],
  ['sprig_randInt 5 5', /larger/],
]

for (const [expression, message] of ERRORS)
  test(`${expression} is an error that says why`, () => assert.throws(() => made(expression), message))

test('what is made at random is of its kind', () => {
  assert.match(made('sprig_randInt -3 3'), /^(-[123]|[012])$/)
  assert.equal([...made('sprig_shuffle "hello"')].sort().join(''), 'ehllo')
})

test('the time that is now counts for ago and durationRound', () => {
  assert.equal(made(`sprig_ago ${NOW / 1000 - 3661}`), '1h1m1s')
  assert.equal(made('sprig_ago (sprig_toDate "2006-01-02" "2026-01-01")'), '27h4m5s')
  assert.equal(made('sprig_durationRound (sprig_toDate "2006-01-02" "2025-12-25")'), '8d')
})

test('set, unset and merge change the dict that they are given', () => {
  const template =
    '{{ $d := sprig_dict "a" 1 }}{{ $_ := sprig_set $d "b" 2 }}{{ $_ := sprig_unset $d "a" }}{{ $_ := sprig_merge $d (sprig_dict "c" 3) }}{{ $d }}'
  assert.equal(Template.compile(template, { name: 'x', functions: FUNCTIONS }).execute(null), 'map[b:2 c:3]')
})

test('what one function writes another one reads', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      for (const [write, read] of [
        ['b64enc', 'b64dec'],
        ['b32enc', 'b32dec'],
        ['toJson', 'fromJson'],
        ['encryptAES "k"', 'decryptAES "k"'],
      ])
        assert.equal(made(`sprig_${read} (sprig_${write} ${quoted(text)})`), text)
    }),
    { numRuns: 50 },
  )
})

test('a text is what it was when it is split and joined, and its pieces when it is wrapped', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c ,]{0,40}$/), fc.integer({ min: 1, max: 12 }), (text, width) => {
      assert.equal(made(`sprig_join "," (sprig_splitList "," ${quoted(text)})`), text)
      assert.equal(
        made(`sprig_wrapWith ${width} "|" ${quoted(text)}`).replaceAll(/[ |]/g, ''),
        text.replaceAll(' ', ''),
      )
    }),
  )
})
