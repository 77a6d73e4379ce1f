// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configurations are written so
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { writeYaml } from './write.ts'

describe('YAML', () => {
  it('is written in block style, one line a value', () => {
    const value = {
      logs: { inputs: [{ tail: { paths: ['/var/log/*.log'], exclude: [] } }], deep: [[1, [2]], {}] },
      on: 'yes',
      measures: ['25s', '128MiB', '127.0.0.1:4600', '100m', '12'],
      lines: 'set -e\n  run\n',
      quoted: [
        '',
        ' a',
        '1',
        '1:30',
        '0x1',
        '-',
        'a: b',
        '#',
        'null',
        '.5',
        'a b',
        'http://a:80',
        '${A}',
        'a:',
        'a #b',
      ],
      missing: undefined,
      nothing: null,
      size: 1.5,
    }
    assert.equal(
      writeYaml(value),
      `logs:
  inputs:
    - tail:
        paths:
          - /var/log/*.log
        exclude: []
  deep:
    - - 1
      - - 2
    - {}
"on": "yes"
measures:
  - 25s
  - 128MiB
  - 127.0.0.1:4600
  - 100m
  - "12"
lines: |
  set -e
    run
quoted:
  - ""
  - " a"
  - "1"
  - "1:30"
  - "0x1"
  - "-"
  - "a: b"
  - "#"
  - "null"
  - ".5"
  - a b
  - http://a:80
  - \${A}
  - "a:"
  - "a #b"
nothing: null
size: 1.5
`,
    )
  })

  for (const version of ['1.1', '1.2'] as const)
    it(`comes back as it was from a reader of ${version}`, () => {
      const texts = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.stringMatching(/^[a-z \n:#'"|>{}&*!%@`,.?~0-9-]{0,20}$/),
        fc.array(fc.stringMatching(/^[ a-z#:-]{0,6}$/), { maxLength: 5 }).map(lines => lines.join('\n')),
        fc.constantFrom(
          'yes',
          'NO',
          'On',
          '0o17',
          '017',
          '1_000',
          '2026-01-01',
          '=',
          '<<',
          '1e3',
          '25s',
          '1.5h',
          '128MiB',
          '0.0.0.0:80',
          '1.2.3',
          '1:2:3',
          '100E',
          '.inf',
          '\u2028',
          '\ud800',
        ),
      )
      const { value } = fc.letrec(tie => ({
        value: fc.oneof(
          { maxDepth: 4, withCrossShrink: true },
          texts,
          fc.integer(),
          fc.double({ noNaN: true, noDefaultInfinity: true }).map(each => (Object.is(each, -0) ? 0 : each)),
          fc.boolean(),
          fc.constant(null),
          fc.array(tie('value'), { maxLength: 4 }),
          fc.dictionary(
            texts.filter(key => key !== '__proto__'),
            tie('value'),
            { maxKeys: 4, noNullPrototype: true },
          ),
        ),
      }))
      fc.assert(
        fc.property(value, each => {
          assert.deepEqual(parse(writeYaml(each), { version, logLevel: 'error' }), each)
        }),
        { numRuns: 3000 },
      )
    })
})
