/** What Go itself gave for these, written down for where there is no Go to ask. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonNumber } from '../json/lossless.ts'
import { Template } from './template.ts'
import { GoUint, type Value } from './value.ts'

const DATA: Value = new Map<Value, Value>([
  ['name', 'joe'],
  ['port', 5432n],
  ['ratio', 2.5],
  ['large', 1e21],
  ['id', new JsonNumber('12345678901234567890')],
  ['count', new GoUint(7n)],
  ['yes', true],
  ['nothing', null],
  ['list', ['a', 'b', 'c']],
  [
    'map',
    new Map<Value, Value>([
      ['b', 2n],
      ['a', 'x'],
    ]),
  ],
  ['html', `<a href="x">&'`],
])

const render = (text: string) => Template.compile(text, { name: 't' }).execute(DATA)

/** Templates and what they give. */
const OUTPUTS = [
  ['{{.name}}:{{.port}}', 'joe:5432'],
  ['{{.missing}} {{.nothing}} {{.missing.deeper}}', '<no value> <no value> <no value>'],
  [
    '{{.map}} {{.list}} {{.ratio}} {{.large}} {{.id}} {{.count}} {{.yes}}',
    'map[a:x b:2] [a b c] 2.5 1e+21 12345678901234567890 7 true',
  ],
  ['{{range $k, $v := .map}}{{$k}}={{$v}};{{end}}', 'a=x;b=2;'],
  ['{{range $i, $e := .list}}{{if $i}},{{end}}{{$e}}{{end}}', 'a,b,c'],
  ['{{range .list}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{else}}none{{end}}', 'ac'],
  ['{{range 3}}{{.}}{{end}}{{range 0}}{{else}}none{{end}}', '012none'],
  ['{{with .nothing}}a{{else with .name}}{{.}}{{end}}', 'joe'],
  ['a  {{- " b " -}}  c {{- /* nothing */ -}} d', 'a b cd'],
  ['{{$x := 1}}{{range .list}}{{$x = len .}}{{$y := 2}}{{end}}{{$x}}', '1'],
  [
    '{{define "part"}}<{{.}}>{{end}}{{template "part" .name}}{{block "other" .port}}[{{.}}]{{end}}',
    '<joe>[5432]',
  ],
  [
    '{{and .name .port}} {{or .nothing .name}} {{not .yes}} {{and false (index .list 9)}}',
    '5432 joe false false',
  ],
  [
    '{{eq .port 1 5432}} {{ne .name "jo"}} {{lt 1 2}} {{ge .ratio 2.5}} {{eq .id "12345678901234567890"}}',
    'true true true true true',
  ],
  ['{{index .map "a"}} {{index .list 1}} {{slice .name 1 2}} {{len .map}}', 'x b o 2'],
  [
    '{{html .html}} {{js .html}} {{urlquery .html}}',
    '&lt;a href=&#34;x&#34;&gt;&amp;&#39; \\u003Ca href\\u003D\\"x\\"\\u003E\\u0026\\\' %3Ca+href%3D%22x%22%3E%26%27',
  ],
  ['{{print 1 2 "a" "b" 3 nil}}|{{println 1 "a"}}', '1 2ab3 <nil>|1 a\n'],
  [
    '{{0x1F}} {{1_000}} {{1e3}} {{017}} {{\'a\'}} {{2i}} {{`raw\\n`}} {{"\\u00e9"}}',
    '31 1000 1000 15 97 (0+2i) raw\\n é',
  ],
  ['{{.name | printf "%s-%s" "x" | len}}', '5'],
  ['{{(index .list 0) | printf "%q"}}', '"a"'],
] as const

/** Formats, with verbs that fit and verbs that do not. */
const FORMATTED = [
  ['{{printf "%v" nil}}', '<nil>'],
  ['{{printf "%+v" -7}}', '-7'],
  ['{{printf "%#v" "héy"}}', '"héy"'],
  ['{{printf "%T" 2.5}}', 'float64'],
  ['{{printf "%5d|" -7}}', '   -7|'],
  ['{{printf "%-5d|" 65}}', '65   |'],
  ['{{printf "%05d" true}}', '%!d(bool=0true)'],
  ['{{printf "%x" "héy"}}', '68c3a979'],
  ['{{printf "%#x" -7}}', '-0x7'],
  ['{{printf "%#x" 2.5}}', '0x1.4000p+01'],
  ['{{printf "%X" 2.5}}', '0X1.4P+01'],
  ['{{printf "%b" 65}}', '1000001'],
  ['{{printf "%q" 65}}', "'A'"],
  ['{{printf "%U" -7}}', 'U+FFFFFFFFFFFFFFF9'],
  ['{{printf "%.2f" 2.5}}', '2.50'],
  ['{{printf "%8.3f|" -7}}', '%!f(int=    -007)|'],
  ['{{printf "%10s|" "héy"}}', '       héy|'],
  ['{{printf "%-10s|" 2.5}}', '%!s(float64=2.5       )|'],
  ['{{printf "%.1s" "héy"}}', 'h'],
  ['{{printf "%t" true}}', 'true'],
  ['{{printf "%z" "héy"}}', '%!z(string=héy)'],
  ['{{printf "%[2]d" -7}}', '%!d(BADINDEX)'],
  ['{{printf "%*d" 65}}', '%!d(MISSING)'],
  ['{{printf "%*d" 2.5}}', '%!(BADWIDTH)%!d(MISSING)'],
  ['{{printf "%.*f" true}}', '%!(BADPREC)%!f(MISSING)'],
  ['{{printf "%d %d" 2.5}}', '%!d(float64=2.5) %!d(MISSING)'],
  ['{{printf "%d %d" nil}}', '%!d(<nil>) %!d(MISSING)'],
  ['{{printf "no" -7}}', 'no%!(EXTRA int=-7)'],
] as const

/** Mistakes, and the words for them. */
const MISTAKES = [
  ['{{.name.field}}', `t:1:7: executing "t" at <.name.field>: can't evaluate field field in type string`],
  [
    '{{index .list 3}}',
    't:1:2: executing "t" at <index .list 3>: error calling index: reflect: slice index out of range',
  ],
  [
    '{{lt 1 "a"}}',
    't:1:2: executing "t" at <lt 1 "a">: error calling lt: incompatible types for comparison: int and string',
  ],
  [
    '{{eq 1 1.0}}',
    't:1:2: executing "t" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64',
  ],
  ['{{template "none"}}', 't:1:11: executing "t" at <{{template "none"}}>: template "none" not defined'],
  ['{{len 3}}', 't:1:2: executing "t" at <len 3>: error calling len: len of type int'],
  ['{{.name "x"}}', 't:1:2: executing "t" at <.name>: name is not a method but has arguments'],
  ['{{nothing}}', 't:1: function "nothing" not defined'],
  ['{{if}}', 't:1: missing value for if'],
  ['{{.name', 't:1: unclosed action'],
  ['{{range}}{{end}}', 't:1: missing value for range'],
  ['{{end}}', 't:1: unexpected {{end}}'],
  ['{{"a}}', 't:1: unterminated quoted string'],
  ['{{break}}', 't:1: {{break}} outside {{range}}'],
  ['{{$x}}', 't:1: undefined variable "$x"'],
  ['{{1 | 2}}', 't:1: non executable command in pipeline stage 2'],
  ['{{printf "%d" | 3}}', 't:1: non executable command in pipeline stage 2'],
] as const

for (const [template, output] of [...OUTPUTS, ...FORMATTED])
  test(`${template} gives ${JSON.stringify(output)}`, () => assert.equal(render(template), output))

for (const [template, message] of MISTAKES)
  test(`${template} is told as: ${message}`, () =>
    assert.throws(() => render(template), { name: 'TemplateProblem', message: `template: ${message}` }))
