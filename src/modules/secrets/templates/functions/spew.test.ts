import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StringSlice, type Value } from '../../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../../wire/json/lossless.ts'
import { SPEW } from './spew.ts'

const [sdump, sprintf] = SPEW

/** What go-spew says of them: dumped, and by `%#v|%v`. */
const rows: [string, Value, string, string][] = [
  ['a string', 'q"ü\n', '(string) (len=5) "q\\"ü\\n"\n', '(string)q"ü\n|q"ü\n'],
  ['an empty string', '', '(string) ""\n', '(string)|'],
  ['an int', 1n, '(int) 1\n', '(int)1|1'],
  ['a float', 1.5, '(float64) 1.5\n', '(float64)1.5|1.5'],
  ['a bool', true, '(bool) true\n', '(bool)true|true'],
  ['nil', null, '(interface {}) <nil>\n', '(interface {})<nil>|<nil>'],
  ['a number of Vault', new JsonNumber('42'), '(json.Number) (len=2) 42\n', '(json.Number)42|42'],
  [
    'strings',
    StringSlice.from(['a', 'b']),
    '([]string) (len=2 cap=2) {\n (string) (len=1) "a",\n (string) (len=1) "b"\n}\n',
    '([]string)[a b]|[a b]',
  ],
  ['no strings', new StringSlice(), '([]string) {\n}\n', '([]string)[]|[]'],
  [
    'a list',
    ['x', 1n, null, [2.5]],
    '([]interface {}) (len=4 cap=4) {\n (string) (len=1) "x",\n (int) 1,\n (interface {}) <nil>,\n ([]interface {}) (len=1 cap=1) {\n  (float64) 2.5\n }\n}\n',
    '([]interface {})[(string)x (int)1 (interface {})<nil> ([]interface {})[(float64)2.5]]|[x 1 <nil> [2.5]]',
  ],
  [
    'a map',
    new Map([['m', new Map([['z', true]])]]),
    '(map[string]interface {}) (len=1) {\n (string) (len=1) "m": (map[string]interface {}) (len=1) {\n  (string) (len=1) "z": (bool) true\n }\n}\n',
    '(map[string]interface {})map[m:(map[string]interface {})map[z:(bool)true]]|map[m:map[z:true]]',
  ],
]
for (const [name, value, dump, text] of rows)
  test(`${name} with its type`, () => {
    assert.equal(sdump!.call([value]), dump)
    assert.equal(sprintf!.call(['%#v|%v', value, value]), text)
  })
