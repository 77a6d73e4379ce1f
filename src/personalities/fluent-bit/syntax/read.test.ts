import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Section, Value } from './document.ts'
import { isList, isText } from './document.ts'
import { fakeFiles } from './files-fake.ts'
import { type Reading, readConfiguration } from './read.ts'

function read(
  files: Record<string, string>,
  environment: Record<string, string> = {},
  cwd = '/work',
): Reading {
  return readConfiguration(Object.keys(files)[0], {
    files: fakeFiles(files),
    cwd,
    environment: name => environment[name],
  })
}

const plain = (value: Value): unknown =>
  isText(value)
    ? value
    : isList(value)
      ? value.map(item => plain(item.value))
      : Object.fromEntries(value.properties.map(property => [property.key, plain(property.value)]))

const pairs = (section: Section | undefined) =>
  section?.properties.map(({ key, value }) => [key, plain(value)]) ?? []

const told = ({ findings }: Reading) =>
  findings.map(
    ({ level, place, message }) => `${level} ${place.file}:${place.line}:${place.column} ${message}`,
  )

describe('the classic format', () => {
  test('gives sections with their properties in order, repeated ones too', () => {
    const { document, findings } = read({
      '/etc/fluent-bit.conf': `
# a comment
[SERVICE]
    Flush 5
[INPUT]
    Name   tail
    Path   /var/log/*.log
    # another
    Tag    a b  c

[FILTER]
    Name   modify
    Match  *
    Add    a 1
    Remove b
    Add    c 2
[OUTPUT]
    Name   stdout`,
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(pairs(document.service), [['Flush', '5']])
    assert.deepEqual(pairs(document.inputs[0]), [
      ['Name', 'tail'],
      ['Path', '/var/log/*.log'],
      ['Tag', 'a b  c'],
    ])
    assert.deepEqual(
      pairs(document.filters[0]).map(([key, value]) => `${key}=${value}`),
      ['Name=modify', 'Match=*', 'Add=a 1', 'Remove=b', 'Add=c 2'],
    )
    const [, path] = document.inputs[0].properties
    assert.deepEqual(path.keyPlace, { file: '/etc/fluent-bit.conf', line: 7, column: 5 })
    assert.deepEqual(path.place, { file: '/etc/fluent-bit.conf', line: 7, column: 12 })
  })

  test('takes what @SET says for variables, wherever it stands, before the environment', () => {
    const { document, findings } = read(
      {
        '/f.conf': `[INPUT]\n  Name \${KIND}\n  Tag \${TAG:-none}.\${HOST}\n  Path \${MISSING}/x\n@SET KIND=tail\n@SET HOST=set\n`,
      },
      { HOST: 'environment' },
    )
    assert.deepEqual(pairs(document.inputs[0]), [
      ['Name', 'tail'],
      ['Tag', 'none.set'],
      ['Path', '/x'],
    ])
    assert.deepEqual(
      findings.map(({ level, place, message }) => [level, place.line, message]),
      [['warning', 4, `\${MISSING} is not set, and empty here`]],
    )
  })

  test('includes files and globs beside the main file', () => {
    const { document, findings, files } = read({
      '/etc/main.conf': '@INCLUDE service.conf\n@INCLUDE in/*.conf\n@include /abs/out.conf\n',
      '/etc/service.conf': '[SERVICE]\n  Flush 1\n',
      '/etc/in/b.conf': '[INPUT]\n  Name b\n',
      '/etc/in/a.conf': '[INPUT]\n  Name a\n',
      '/abs/out.conf': '[OUTPUT]\n  Name stdout\n',
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(
      document.inputs.map(input => plain(input.properties[0].value)),
      ['a', 'b'],
    )
    assert.deepEqual(files, [
      '/etc/main.conf',
      '/etc/service.conf',
      '/etc/in/a.conf',
      '/etc/in/b.conf',
      '/abs/out.conf',
    ])
  })

  test('puts a dot between a group and its keys', () => {
    const { document, findings } = read({
      '/f.conf': '[INPUT]\n    Name x\n    [GROUP 1]\n        key1 aa\n        key2 bb\n    key3 cc\n',
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(pairs(document.inputs[0]), [
      ['Name', 'x'],
      ['GROUP 1.key1', 'aa'],
      ['GROUP 1.key2', 'bb'],
      ['key3', 'cc'],
    ])
  })

  test('gives upstreams their nodes', () => {
    const { document } = read({
      '/f.conf':
        '[UPSTREAM]\n  name balancing\n[NODE]\n  name n1\n  host 127.0.0.1\n[NODE]\n  name n2\n  host h2\n',
    })
    assert.deepEqual(pairs(document.upstreams[0]), [
      ['name', 'balancing'],
      ['nodes', [{ name: 'n1', host: '127.0.0.1' }]],
      ['nodes', [{ name: 'n2', host: 'h2' }]],
    ])
  })

  test('reads lines of any length', () => {
    const long = 'x'.repeat(1_000_000)
    const { document, findings } = read({ '/f.conf': `[INPUT]\n  Name ${long}\n` })
    assert.deepEqual(findings, [])
    assert.equal(plain(document.inputs[0].properties[0].value), long)
  })
})

describe('the YAML format', () => {
  test('keeps what was written, in order, with repeated keys', () => {
    const { document, findings } = read({
      '/f.yaml': `
service: { flush: 1.0, http_server: on, http_port: 0644 }
pipeline:
  inputs:
    - name: tail
      path: /x
      processors: { logs: [{ name: grep, regex: log aa }] }
  filters:
    - modify:
        match: '*'
        add: [a 1, b 2]
        rename: c d
        rename: e f
  outputs:
    - name: stdout
      match: "*"
`,
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(pairs(document.service), [
      ['flush', '1.0'],
      ['http_server', 'on'],
      ['http_port', '0644'],
    ])
    assert.deepEqual(pairs(document.filters[0]), [
      ['name', 'modify'],
      ['match', '*'],
      ['add', ['a 1', 'b 2']],
      ['rename', 'c d'],
      ['rename', 'e f'],
    ])
    assert.deepEqual(plain(document.inputs[0].properties[2].value), {
      logs: [{ name: 'grep', regex: 'log aa' }],
    })
    assert.deepEqual(document.inputs[0].properties[1].place, { file: '/f.yaml', line: 6, column: 13 })
  })

  test('takes variables from its env section: a mapping, a list, the contents of a file', () => {
    const { document, findings, refreshed } = read({
      '/f.yaml': `
env:
  - { name: a, value: '1' }
  - { name: b, uri: file:///run/secret, refresh_interval: 5 }
service: { flush: '\${a}', log_file: '\${b}' }
includes: [more.yaml]
`,
      '/more.yaml': `env: { C: three }\npipeline: { inputs: [{ name: "\${C}" }] }\n`,
      '/run/secret': 'hidden\n',
    })
    assert.deepEqual(findings, [])
    assert.deepEqual(pairs(document.service), [
      ['flush', '1'],
      ['log_file', 'hidden'],
    ])
    assert.deepEqual(pairs(document.inputs[0]), [['name', 'three']])
    assert.deepEqual(refreshed, [{ path: '/run/secret', everyMs: 5000 }])
  })

  const includes: readonly (readonly [string, Record<string, string>])[] = [
    [
      'beside the file',
      { '/etc/main.yaml': 'includes: [x.yaml]', '/etc/x.yaml': 'SERVICE', '/work/x.yaml': 'bad: [' },
    ],
    ['in the working folder', { '/etc/main.yaml': 'includes: [x.yaml]', '/work/x.yaml': 'SERVICE' }],
    [
      'beside the file that includes it',
      {
        '/etc/main.yaml': 'includes: [nested/y.yaml]',
        '/work/nested/y.yaml': 'includes: [x.yaml]',
        '/work/nested/x.yaml': 'SERVICE',
      },
    ],
    [
      'of the other format',
      { '/etc/main.yaml': 'includes: [x.conf]', '/etc/x.conf': '[SERVICE]\n  flush 7\n' },
    ],
  ]
  for (const [where, files] of includes) {
    test(`finds an included file ${where}`, () => {
      const texts = Object.entries(files).map(
        ([path, text]) => [path, text === 'SERVICE' ? 'service: { flush: 7 }' : text] as const,
      )
      const { document, findings } = read(Object.fromEntries(texts))
      assert.deepEqual(findings, [])
      assert.deepEqual(pairs(document.service), [['flush', '7']])
    })
  }
})

describe('what cannot be read is told with its place', () => {
  const malformed: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
    ['a missing main file', { '/gone.conf.x': '' }, []],
    [
      'a section that is not closed',
      { '/f.conf': '[INPUT\n' },
      ['error /f.conf:1:1 expected a section such as [INPUT]'],
    ],
    [
      'a key before any section',
      { '/f.conf': '  Name x\n' },
      ['error /f.conf:1:3 "Name" stands in no section'],
    ],
    [
      'a key at the first column',
      { '/f.conf': '[INPUT]\nName x\n' },
      ['error /f.conf:2:1 "Name" stands at the first column'],
    ],
    ['a key without a value', { '/f.conf': '[INPUT]\n  Name\n' }, ['error /f.conf:2:3 "Name" has no value']],
    [
      'deeper indentation',
      { '/f.conf': '[INPUT]\n  Name x\n     Tag y\n' },
      ['error /f.conf:3:1 the line is indented more than the keys before it'],
    ],
    [
      'less indentation',
      { '/f.conf': '[INPUT]\n    Name x\n   Tag y\n' },
      ['error /f.conf:3:1 the line is indented less than the keys before it'],
    ],
    [
      'a tab among spaces',
      { '/f.conf': '[INPUT]\n    Name x\n\tTag y\n' },
      ['error /f.conf:3:1 tabs and spaces are mixed in the indentation'],
    ],
    ['an unknown command', { '/f.conf': '@LOAD x\n' }, ['error /f.conf:1:1 unknown command @LOAD']],
    ['@SET without a value', { '/f.conf': '@SET x\n' }, ['error /f.conf:1:1 expected @SET NAME=VALUE']],
    [
      'a file that includes itself',
      { '/f.conf': '@INCLUDE f.conf\n' },
      ['error /f.conf:1:10 /f.conf is included twice, or includes itself'],
    ],
    [
      'a missing file',
      { '/f.conf': '@INCLUDE gone.conf\n' },
      ['error /f.conf:1:10 gone.conf cannot be read'],
    ],
    [
      'a glob without a match',
      { '/f.conf': '@INCLUDE *.inc\n' },
      ['error /f.conf:1:10 no file matches *.inc'],
    ],
    [
      'a section that is almost known',
      { '/f.conf': '[IMPUT]\n  Name x\n' },
      ['error /f.conf:1:1 unknown section [IMPUT]'],
    ],
    [
      'a section of somebody else',
      { '/f.conf': '[SOMETHING_ELSE]\n  Name x\n' },
      ['warning /f.conf:1:1 unknown section [SOMETHING_ELSE]; it is passed over'],
    ],
    [
      'a [NODE] alone',
      { '/f.conf': '[NODE]\n  Name x\n' },
      ['error /f.conf:1:1 [NODE] stands before any [UPSTREAM]'],
    ],
    [
      'YAML that is none',
      { '/f.yaml': 'service: { flush: 1\n' },
      ['error /f.yaml:2:1 the indentation does not fit, or a bracket is not closed'],
    ],
    [
      'a list as the root',
      { '/f.yaml': '- a\n' },
      ['error /f.yaml:1:1 expected a mapping such as "pipeline: {…}"'],
    ],
    [
      'inputs that are no list',
      { '/f.yaml': 'pipeline:\n  inputs: tail\n' },
      ['error /f.yaml:2:11 expected a list'],
    ],
    [
      'an unknown part of the pipeline',
      { '/f.yaml': 'pipeline:\n  inptus: []\n' },
      ['error /f.yaml:2:3 unknown part "inptus" of pipeline'],
    ],
    [
      'a plugin that is no mapping',
      { '/f.yaml': 'pipeline:\n  inputs:\n    - tail\n' },
      ['error /f.yaml:3:7 expected a mapping of options'],
    ],
    [
      'a variable with another scheme',
      { '/f.yaml': 'env:\n  - { name: x, uri: "http://h/x" }\n' },
      ['error /f.yaml:2:5 the uri of x is "http://h/x"'],
    ],
    [
      'a variable whose file is missing',
      { '/f.yaml': 'env:\n  - { name: x, uri: "file:///gone" }\n' },
      ['error /f.yaml:2:5 /gone, the value of x, cannot be read'],
    ],
    [
      'several mistakes at once',
      { '/f.conf': '[INPUT]\n  Name\nTag x\n[OUTPUT\n' },
      [
        'error /f.conf:2:3 "Name" has no value',
        'error /f.conf:3:1 "Tag" stands at the first column',
        'error /f.conf:4:1 expected a section such as [INPUT]',
      ],
    ],
  ]
  for (const [what, files, expected] of malformed)
    test(what, () => assert.deepEqual(told(read(files)), expected))

  test('whatever a file holds, reading it never throws', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '[INPUT]',
        '[',
        ']',
        '\n',
        '  ',
        '\t',
        'Name x',
        '@SET a=b',
        '@INCLUDE f.conf',
        '${',
        '}',
        '- ',
        ': ',
        '{',
        '&a',
        '*a',
        '"',
        "'",
        '#',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece), fc.constantFrom('/f.conf', '/f.yaml'), (pieces, name) => {
        const text = pieces.join('')
        for (const { place } of read({ [name]: text }).findings)
          assert.ok(place.line >= 1 && place.column >= 1)
      }),
      { numRuns: 2000 },
    )
  })
})
