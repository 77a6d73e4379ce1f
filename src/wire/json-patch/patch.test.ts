import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { applyPatch, equal, PatchError, type PatchOperation, parsePointer } from './patch.ts'

type Case = readonly [what: string, document: unknown, patch: readonly unknown[], after: unknown]

const baz = { foo: 'bar' }
const waldo = { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } }

describe('a patch of RFC 6902', () => {
  const appendixA: readonly Case[] = [
    ['A.1 adds a member', baz, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
    [
      'A.2 adds an item of a list',
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    ['A.3 removes a member', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [
      'A.4 removes an item',
      { foo: ['bar', 'qux', 'baz'] },
      [{ op: 'remove', path: '/foo/1' }],
      { foo: ['bar', 'baz'] },
    ],
    [
      'A.5 replaces a value',
      { baz: 'qux', foo: 'bar' },
      [{ op: 'replace', path: '/baz', value: 'boo' }],
      { baz: 'boo', foo: 'bar' },
    ],
    [
      'A.6 moves a value',
      waldo,
      [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
      { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
    ],
    [
      'A.7 moves an item',
      { foo: ['all', 'grass', 'cows', 'eat'] },
      [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
      { foo: ['all', 'cows', 'eat', 'grass'] },
    ],
    [
      'A.8 goes on where a test holds',
      { baz: 'qux', foo: ['a', 2, 'c'] },
      [
        { op: 'test', path: '/baz', value: 'qux' },
        { op: 'test', path: '/foo/1', value: 2 },
      ],
      { baz: 'qux', foo: ['a', 2, 'c'] },
    ],
    [
      'A.10 adds a mapping',
      baz,
      [{ op: 'add', path: '/child', value: { grandchild: {} } }],
      { foo: 'bar', child: { grandchild: {} } },
    ],
    [
      'A.11 leaves members alone that it does not know',
      baz,
      [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
      { foo: 'bar', baz: 'qux' },
    ],
    [
      'A.14 reads ~01 as ~1',
      { '/': 9, '~1': 10 },
      [{ op: 'test', path: '/~01', value: 10 }],
      { '/': 9, '~1': 10 },
    ],
    [
      'A.16 adds a list as an item',
      { foo: ['bar'] },
      [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
      { foo: ['bar', ['abc', 'def']] },
    ],
  ]
  const more: readonly Case[] = [
    ['replaces the whole document', { a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
    ['adds in place of what is there', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
    [
      'copies a value',
      { a: { b: 1 } },
      [{ op: 'copy', from: '/a', path: '/c' }],
      { a: { b: 1 }, c: { b: 1 } },
    ],
    ['moves a value onto itself', { a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
    ['takes an empty name', { '': 1 }, [{ op: 'add', path: '/', value: 2 }], { '': 2 }],
    [
      'takes a name of the prototype for one of its own',
      JSON.parse('{"constructor":1}'),
      [{ op: 'add', path: '/__proto__', value: 1 }],
      JSON.parse('{"constructor":1,"__proto__":1}'),
    ],
    [
      'finds mappings equal whatever their order',
      { a: { b: 1, c: [2] } },
      [{ op: 'test', path: '/a', value: { c: [2], b: 1 } }],
      { a: { b: 1, c: [2] } },
    ],
  ]
  for (const [what, document, patch, after] of [...appendixA, ...more])
    it(what, () => {
      const before = structuredClone(document)
      const result = applyPatch(document, patch as PatchOperation[])
      assert.ok(equal(result, after), JSON.stringify(result))
      assert.deepEqual(document, before, 'the given document stays as it is')
    })

  const refused: readonly (readonly [what: string, document: unknown, patch: readonly unknown[], RegExp])[] =
    [
      [
        'A.9 a test that does not hold',
        { baz: 'qux' },
        [{ op: 'test', path: '/baz', value: 'bar' }],
        /operation 0: the value at "\/baz" is another/,
      ],
      [
        'A.12 a target that is not there',
        baz,
        [{ op: 'add', path: '/baz/bat', value: 'qux' }],
        /there is nothing at/,
      ],
      [
        'A.15 a number that is no text',
        { '/': 9, '~1': 10 },
        [{ op: 'test', path: '/~01', value: '10' }],
        /is another/,
      ],
      ['the removal of nothing', {}, [{ op: 'remove', path: '/a' }], /there is nothing/],
      ['the removal of everything', {}, [{ op: 'remove', path: '' }], /whole document/],
      ['an index beyond the end', { a: [1] }, [{ op: 'add', path: '/a/2', value: 1 }], /there is nothing/],
      ['an index with a zero before it', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }], /no index/],
      ['- where an item must be', { a: [1] }, [{ op: 'remove', path: '/a/-' }], /no index/],
      ['a member of a number', { a: 1 }, [{ op: 'add', path: '/a/b', value: 1 }], /nothing can stand/],
      ['a member that is inherited', {}, [{ op: 'remove', path: '/toString' }], /there is nothing/],
      ['a pointer without slash', {}, [{ op: 'add', path: 'a', value: 1 }], /must begin with/],
      ['a tilde alone', {}, [{ op: 'add', path: '/~2', value: 1 }], /written "~0"/],
      ['a move into itself', { a: { b: 1 } }, [{ op: 'move', from: '/a', path: '/a/b' }], /into itself/],
      ['an operation that is none', {}, [{ op: 'merge', path: '/a' }], /unknown operation "merge"/],
    ]
  for (const [what, document, patch, message] of refused)
    it(`refuses ${what}`, () => {
      assert.throws(
        () => applyPatch(document, patch as PatchOperation[]),
        (error: unknown) => error instanceof PatchError && message.test(error.message),
      )
    })

  it('names the operation that fails', () => {
    const patch: PatchOperation[] = [
      { op: 'add', path: '/a', value: 1 },
      { op: 'remove', path: '/b' },
    ]
    assert.throws(() => applyPatch({}, patch), { index: 1 })
  })

  it('reads back any path that is written as a pointer', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), path => {
        const written = path.map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
        assert.deepEqual(parsePointer(written), path)
      }),
    )
  })
})
