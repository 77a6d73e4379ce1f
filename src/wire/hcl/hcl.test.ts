// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are interpolations of HCL, not templates
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseHcl } from './parser.ts'
import { HclError, type HclObject, type HclValue } from './tree.ts'

/** A block's keys as a path, values as they are: `{ 'listener/tcp': { … } }` with an array for what is repeated. */
function plain(value: HclValue): unknown {
  if (value.kind === 'list') return value.values.map(plain)
  if (value.kind === 'object')
    return value.items.map(({ keys, value }) => [...keys.map(({ text }) => text), plain(value)])
  return value.kind === 'null' ? null : value.value
}

const read = (text: string) => plain(parseHcl(text))
const attribute = (text: string) => (read(`a = ${text}\n`) as [[string, unknown]])[0][1]

describe('HCL 1', () => {
  test('has attributes, blocks with labels, lists and objects', () => {
    const text = `
      pid_file = "./pidfile" # a comment
      // another
      listener "tcp" { address = "127.0.0.1:8100", tls_disable = true }
      listener "unix" {
        /* over
           lines */
        "address" = "/run/x.sock"
      }
      exec { command = ["./app", "-x",] }
      labels = { a = 1, b = [{ c = 2 }, 3] }`
    assert.deepEqual(read(text), [
      ['pid_file', './pidfile'],
      [
        'listener',
        'tcp',
        [
          ['address', '127.0.0.1:8100'],
          ['tls_disable', true],
        ],
      ],
      ['listener', 'unix', [['address', '/run/x.sock']]],
      ['exec', [['command', ['./app', '-x']]]],
      [
        'labels',
        [
          ['a', 1],
          ['b', [[['c', 2]], 3]],
        ],
      ],
    ])
  })

  for (const [text, value] of [
    ['1', 1],
    ['-17', -17],
    ['0644', 420],
    ['0x1F', 31],
    ['1.5', 1.5],
    ['-1.5e-3', -0.0015],
    ['.5', 0.5],
    ['2E2', 200],
    ['true', true],
    ['false', false],
    ['""', ''],
    ['"a \\"b\\" \\\\ \\n\\t"', 'a "b" \\ \n\t'],
    ['"\\u00e9 \\x41 \\101 \\U0001f511"', 'é A A 🔑'],
    ['"${ not "escaped" \\n } \\n"', '${ not "escaped" \\n } \n'],
    ['"{{ with secret \\"a\\" }}"', '{{ with secret "a" }}'],
    ['[]', []],
    ['[1, [2],]', [1, [2]]],
    ['<<EOF\n  one\ntwo\nEOF', '  one\ntwo\n'],
    ['<<EOF\r\none\r\nEOF', 'one\n'],
    ['<<EOF\none\n  EOF', 'one\n  '],
    ['<<-EOF\n    one\n      two\n    EOF', 'one\n  two\n'],
    ['<<-EOF\n    one\n  two\n    EOF', '    one\n  two\n'],
    ['<<-EOF\nEOF', ''],
  ] as const)
    test(`${JSON.stringify(text)} is ${JSON.stringify(value)}`, () =>
      assert.deepEqual(attribute(text), value))

  test('every value and key knows its line and column', () => {
    const { items } = parseHcl(
      'a = 1\n\n  vault {\n    address = <<X\nb\nX\n    retry { num_retries = 5 }\n  }\n',
    )
    const vault = items[1]!.value as HclObject
    const retry = vault.items[1]!
    assert.deepEqual(items[0]!.value.place, { line: 1, column: 5 })
    assert.deepEqual(items[1]!.keys[0]!.place, { line: 3, column: 3 })
    assert.deepEqual(vault.items[0]!.value.place, { line: 4, column: 15 })
    assert.deepEqual(retry.keys[0]!.place, { line: 7, column: 5 })
    assert.deepEqual((retry.value as HclObject).items[0]!.value.place, { line: 7, column: 27 })
  })
})

describe('the JSON form of HCL', () => {
  test('gives the same tree as blocks', () => {
    const json =
      '{"vault": {"address": "x", "retry": {"num_retries": 5}}, "n": null, "l": [1, true, {"a": "\\u00e9"}]}'
    assert.deepEqual(read(json), [
      [
        'vault',
        [
          ['address', 'x'],
          ['retry', [['num_retries', 5]]],
        ],
      ],
      ['n', null],
      ['l', [1, true, [['a', 'é']]]],
    ])
  })

  test('has places, also on one long line', () => {
    const { items } = parseHcl('{"a": 1,\n "b":  [2]}')
    assert.deepEqual(items[1]!.keys[0]!.place, { line: 2, column: 2 })
    assert.deepEqual(items[1]!.value.place, { line: 2, column: 8 })
  })

  test('reads all that JSON.stringify writes', () => {
    const back = (value: HclValue): unknown => {
      if (value.kind === 'list') return value.values.map(back)
      if (value.kind !== 'object') return value.kind === 'null' ? null : value.value
      return Object.fromEntries(value.items.map(item => [item.keys[0]!.text, back(item.value)]))
    }
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), document => {
        const text = JSON.stringify(document, null, 1)
        assert.deepEqual(back(parseHcl(text)), Object.fromEntries(Object.entries(JSON.parse(text))))
      }),
    )
  })
})

describe('mistakes are told with their place and how to mend them', () => {
  for (const [text, expected] of [
    ['a = ', '1:5 expected a value, got the end of the file'],
    ['a = b', '1:5 expected a value, got b (text stands in quotes: "b")'],
    ['a', '1:2 expected = or { after "a", got the end of the file'],
    ['a {\n  b = 1', '2:8 expected a name, got the end of the file'],
    ['a "b" = 1', '1:7 expected { after "a" "b", got "=" (a block with labels has no =)'],
    ['a = 1\na = 2', '2:1 "a" is given a second time (remove one; the other is at 1:1)'],
    ['a = 5m', '1:5 expected a number, got 5m (put it in quotes: "5m")'],
    ['a = 08', '1:5 08 begins with 0 and is no octal number'],
    ['a = 9223372036854775808', '1:5 9223372036854775808 is too large for a number'],
    ['a = 1e999', '1:5 1e999 is too large for a number'],
    ["a = 'b'", `1:5 unexpected character "'" (strings stand in double quotes)`],
    ['a = "b', '1:5 the string is not closed on its line (close it with ", or use a heredoc: <<EOF)'],
    [
      'a = "\\q"',
      '1:5 the string has a backslash before something that is no escape (a backslash itself is written \\\\)',
    ],
    [
      'a = "\\ud800"',
      '1:5 the string has a backslash before something that is no escape (a backslash itself is written \\\\)',
    ],
    ['a = <<EOF\nb\n', '1:5 the text that <<EOF begins does not end (end it with a line EOF)'],
    [
      'a = <EOF',
      '1:5 expected << or <<-, a word and the end of the line (such as <<EOF; the text ends at a line with that word alone)',
    ],
    ['/* a', '1:1 the comment is not closed (close it with */)'],
    ['a = [1 2]', '1:8 expected "," or "]", got 2'],
    ['a = [1,\n}', '2:1 expected a value, got "}"'],
    ['a: 1', '1:2 unexpected character ":"'],
    ['a = 1\0', '1:6 there is a NUL character (is this a text file?)'],
    ['{"a": 1,}', '1:9 a comma stands before "}" (JSON has none there)'],
    ['{"a" 1}', '1:6 expected ":", got "1"'],
    ['{a: 1}', '1:2 expected a name in quotes, got "a"'],
    ['{"a": 01}', '1:7 expected a value, got "0"'],
    ['{"a": "b\n"}', '1:7 the string is not closed, or holds what JSON has to escape'],
    ['{"a": 1, "a": 2}', '1:10 "a" is given a second time (remove one; the other is at 1:2)'],
    ['{} x', '1:4 expected nothing more, got "x"'],
    [`a = ${'['.repeat(101)}`, '1:105 it is nested too deeply'],
    [`{"a": ${'['.repeat(100)}`, '1:106 it is nested too deeply'],
  ] as const)
    test(JSON.stringify(text.slice(0, 40)), () => {
      assert.throws(
        () => parseHcl(text),
        (error: HclError) => {
          const { place, message, hint } = error
          assert.equal(`${place.line}:${place.column} ${message}${hint ? ` (${hint})` : ''}`, expected)
          return error instanceof HclError
        },
      )
    })

  test('nothing but an HclError is ever thrown, whatever the text', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        '"b"',
        '=',
        '{',
        '}',
        '[',
        ']',
        ',',
        '\n',
        ' ',
        '1',
        '-',
        '.5',
        '0x',
        '08',
        'true',
        '#',
        '//',
        '/*',
        '*/',
      ],
      ...[
        '<<EOF\n',
        '<<-E\n',
        'EOF\n',
        'E',
        '"',
        '\\',
        '${',
        ':',
        'null',
        '\0',
        '\ud800',
        '\u00fc',
        '1e',
        '\t',
        '\r\n',
        '{"',
      ],
    )
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 30 }).map(all => all.join('')),
    )
    fc.assert(
      fc.property(text, input => {
        try {
          parseHcl(input)
        } catch (error) {
          assert.ok(error instanceof HclError, String(error))
          assert.ok(error.place.line >= 1 && error.place.column >= 1)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
