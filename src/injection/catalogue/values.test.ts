// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are places of templates
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../manifests/json.ts'
import { parseCondition } from './condition.ts'
import { fill, TooLarge, usesOf } from './values.ts'

const VALUES: Readonly<Record<string, Json>> = {
  name: 'web',
  port: 8080,
  on: true,
  off: false,
  none: 0,
  empty: [],
  list: ['a', 'b'],
  map: { x: 1, y: 'two' },
  rules: [{ path: '/a', ports: [1] }, { path: '/b' }],
  'logs.path': '/var/log',
}
const scope = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined)

describe('a template', () => {
  const filled: readonly (readonly [what: string, template: Json, result: Json | undefined])[] = [
    ['keeps what names nothing', { a: [1, null, true, 'x $y {z}'] }, { a: [1, null, true, 'x $y {z}'] }],
    ['takes a whole value with its type', { a: '${port}', b: '${map}' }, { a: 8080, b: { x: 1, y: 'two' } }],
    ['takes values as text', '${name}:${port}/${list}${on}', 'web:8080/a,btrue'],
    ['knows names with dots', '${logs.path}/x', '/var/log/x'],
    ['keeps a literal place', 'a $${name} $$${port}', 'a ${name} $${port}'],
    [
      'leaves out what has no value, with its key',
      { a: '${nobody}', b: ['${nobody}', 'x${nobody}', 1] },
      { b: [1] },
    ],
    ['keeps a mapping whose condition holds', [{ $when: 'on', a: 1 }], [{ a: 1 }]],
    [
      'leaves out one whose condition does not',
      { a: { $when: 'off', b: 1 }, c: [{ $when: '!on' }] },
      { c: [] },
    ],
    ['guards what is no mapping', ['x', { $when: 'on', $value: '--port=${port}' }], ['x', '--port=8080']],
    ['repeats', [{ $each: 'list', $item: '-${item}' }, 'end'], ['-a', '-b', 'end']],
    [
      'repeats with fields, and leaves out items',
      [{ $each: 'rules', $when: 'item.path != /a', $item: { p: '${item.path}', q: '${item.ports}' } }],
      [{ p: '/b' }],
    ],
    ['repeats over a mapping', [{ $each: 'map', $item: '${item.key}=${item.value}' }], ['x=1', 'y=two']],
    [
      'repeats as a mapping, beside fields of its own',
      { $each: 'rules', $key: 'r${item.path}', $item: { at: '${item.path}' }, name: '${name}' },
      { 'r/a': { at: '/a' }, 'r/b': { at: '/b' }, name: 'web' },
    ],
    ['repeats nothing', [{ $each: 'nobody', $item: 1 }], []],
    ['is nothing when its condition does not hold', { $when: 'off' }, undefined],
  ]
  for (const [what, template, result] of filled)
    test(what, () => assert.deepEqual(fill(template, scope), result))

  const conditions: readonly (readonly [string, boolean])[] = [
    ['on', true],
    ['off', false],
    ['none', false],
    ['empty', false],
    ['nobody', false],
    ['!nobody', true],
    ['port == 8080', true],
    ['port != 8080', false],
    ['nobody != x', true],
    ['list has b', true],
    ['list has c', false],
    ['name has web', false],
    ['list lacks c and on', true],
    ['list has a and off', false],
    ['name == web and !off and logs.path', true],
  ]
  for (const [condition, result] of conditions)
    test(`"${condition}" ${result ? 'holds' : 'does not hold'}`, () =>
      assert.deepEqual(fill([{ $when: condition, $value: 1 }], scope), result ? [1] : []))

  for (const bad of ['', '!', 'a ==', 'a || b', 'a b', 'a = b', '${a}', 'a and', 'a()'])
    test(`"${bad}" is no condition`, () => assert.equal(parseCondition(bad).ok, false))

  test('a value cannot break out of its place, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (given, text) => {
        if (given === null) return
        const value = given as Json
        const values: Record<string, Json> = { value, text, name: 'secret' }
        const result = fill(
          { a: '${value}', b: ['<${text}>', { $each: 'list', $item: '${item}' }], c: 1 },
          name => (name === 'list' ? [value, text] : values[name]),
        )
        assert.deepEqual(result, { a: value, b: [`<${text}>`, value, text], c: 1 })
      }),
    )
  })

  for (const hostile of [
    '${name}',
    '$${name}',
    '${',
    '__proto__',
    '"\n- x: ${name}',
    '{{ .Values }}',
    '$(NAME)',
  ])
    test(`the text ${JSON.stringify(hostile)} is taken as it is`, () =>
      assert.equal(
        fill('a ${x} b', () => hostile),
        `a ${hostile} b`,
      ))

  test('a key named __proto__ stays a key', () => {
    const result = fill(JSON.parse('{"__proto__": {"a": "${name}"}}'), scope) as object
    assert.equal(JSON.stringify(result), '{"__proto__":{"a":"web"}}')
    assert.equal(Object.getPrototypeOf(result), Object.prototype)
  })

  test('what would become too large is refused', () => {
    const many = Array.from({ length: 60_000 }, () => 1)
    assert.throws(() => fill([{ $each: 'x', $item: 1 }], () => many), TooLarge)
    const long = 'x'.repeat(1000)
    assert.throws(
      () => fill([{ $each: 'x', $item: '${y}' }], n => (n === 'x' ? many.slice(0, 2000) : long)),
      TooLarge,
    )
    let deep: Json = 1
    for (let i = 0; i < 100; i++) deep = [deep]
    assert.throws(() => fill('${x}', () => deep), TooLarge)
  })
})

describe('the uses of a template', () => {
  test('are every name with its place', () => {
    const template = { a: '${x}', b: ['y ${y} ${z.z}'], c: { $when: 'v and u == 1', $value: 1 } }
    assert.deepEqual(usesOf(template), [
      { path: ['a'], name: 'x', within: 'whole' },
      { path: ['b', 0], name: 'y', within: 'text' },
      { path: ['b', 0], name: 'z.z', within: 'text' },
      { path: ['c', '$when'], name: 'v', within: 'condition' },
      { path: ['c', '$when'], name: 'u', within: 'condition' },
    ])
  })

  test('leave out the item of a repetition', () => {
    const template = [{ $each: 'list', $when: 'item.on', $item: ['${item}', '${item.x}', '${other}'] }]
    assert.deepEqual(
      usesOf(template).map(use => ('name' in use ? use.name : use.message)),
      ['list', 'other'],
    )
  })

  const wrong: readonly (readonly [what: string, template: Json, message: RegExp])[] = [
    ['an open brace', 'a ${x', /begins and does not end/],
    ['a strange name', '${a b}', /expected a name, got \$\{a b\}/],
    ['an expression', '${a + b}', /expected a name/],
    ['an unknown word', { $wehn: 'x' }, /expected \$when or \$value, got \$wehn/],
    ['a bad condition', [{ $when: 'a ? b' }], /joined by " and "/],
    ['a condition that is no text', [{ $when: true }], /as text/],
    ['a repetition outside of a list', { a: { $each: 'x', $item: 1 } }, /needs a \$key/],
    ['a repetition without item', [{ $each: 'x' }], /needs an \$item/],
    ['a repetition with more', [{ $each: 'x', $item: 1, b: 1 }], /only \$item and \$when/],
    ['a repetition in a repetition', [{ $each: 'x', $item: [{ $each: 'item', $item: 1 }] }], /too much/],
    ['a value with neighbours', { $when: 'a', $value: 1, b: 2 }, /beside \$value/],
    ['a key with a place', { '${a}': 1 }, /a key is no template/],
    ['an item outside of a repetition', '${item}', /^item$/],
  ]
  for (const [what, template, message] of wrong)
    test(`tell ${what}`, () => {
      const told = usesOf(template).map(use => ('name' in use ? use.name : use.message))
      assert.ok(
        told.some(each => message.test(each)),
        told.join('\n'),
      )
    })
})
