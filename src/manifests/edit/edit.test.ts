import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import { readManifests } from '../read.ts'
import { applyToText, EditError } from './edit.ts'

function edited(text: string, ...patch: PatchOperation[]): string {
  const manifests = readManifests('a.yaml', text)
  assert.deepEqual(manifests.problems, [])
  const document = manifests.documents[0]!
  const result = applyToText(manifests, [{ document, patch }])
  const again = readManifests('a.yaml', result)
  assert.deepEqual(again.problems, [], result)
  assert.deepEqual(again.documents[0]?.value, applyPatch(document.value, patch), result)
  return result
}

const add = (path: string, value: unknown): PatchOperation => ({ op: 'add', path, value })
const replace = (path: string, value: unknown): PatchOperation => ({ op: 'replace', path, value })
const remove = (path: string): PatchOperation => ({ op: 'remove', path })

describe('an edit of the text of a manifest', () => {
  const cases: readonly (readonly [what: string, before: string, patch: PatchOperation[], after: string])[] =
    [
      [
        'adds a key behind the last one, before the comment of what follows',
        'a:\n  b: 1 # one\n    # deep\n\n# c\nc: 2\n',
        [add('/a/d', 'x')],
        'a:\n  b: 1 # one\n    # deep\n  d: x\n\n# c\nc: 2\n',
      ],
      [
        'puts an item before the first one and its comment',
        'containers:\n# Main\n- name: app\n  image: x # pinned\n\n# end\nvolumes: []\n',
        [add('/containers/0', { name: 'proxy', args: ['a', '--b'] })],
        'containers:\n- name: proxy\n  args:\n  - a\n  - --b\n# Main\n- name: app\n  image: x # pinned\n\n# end\nvolumes: []\n',
      ],
      [
        'puts an item between others, in their indentation',
        'l:\n    -   a: 1\n        b: 2\n    # of c\n    -   c\n',
        [add('/l/1', { x: 1, z: [2] })],
        'l:\n    -   a: 1\n        b: 2\n    -   x: 1\n        z:\n          - 2\n    # of c\n    -   c\n',
      ],
      [
        'fills what is empty',
        'metadata:\n  annotations: {} # none\n  labels:\nspec:\n  volumes: []\n',
        [
          add('/metadata/annotations/a', 'b'),
          replace('/metadata/labels', { c: 'd' }),
          add('/spec/volumes/-', { name: 'v' }),
        ],
        'metadata:\n  annotations: # none\n    a: b\n  labels:\n    c: d\nspec:\n  volumes:\n    - name: v\n',
      ],
      [
        'edits flow collections in their style',
        'a: {b: 1, c: [x, y]} # f\n',
        [add('/a/d', { e: 'on', f: 'g h' }), add('/a/c/0', 'w'), remove('/a/b')],
        'a: {c: [w, x, y], d: {e: "on", f: "g h"}} # f\n',
      ],
      [
        'edits JSON that is one line',
        '{"a":{"b":[1,2]},"c":"d"}',
        [add('/a/b/-', 3), add('/a/e', { f: [] }), replace('/c', 'x')],
        '{"a":{"b":[1,2,3],"e":{"f":[]}},"c":"x"}',
      ],
      [
        'edits JSON that is indented',
        '{\n    "a": {},\n    "b": [\n        1\n    ]\n}\n',
        [add('/a/x', { y: [1] }), add('/b/0', { z: 1 })],
        '{\n    "a": {\n        "x": {\n            "y": [\n                1\n            ]\n        }\n    },\n    "b": [\n        {\n            "z": 1\n        },\n        1\n    ]\n}\n',
      ],
      [
        'keeps CRLF',
        'a:\r\n  b: 1\r\nc: 2\r\n',
        [add('/a/d', { e: 'f\ng\n' })],
        'a:\r\n  b: 1\r\n  d:\r\n    e: |\r\n      f\r\n      g\r\nc: 2\r\n',
      ],
      ['keeps a byte order mark', '\ufeffa: 1', [add('/b', 2)], '\ufeffa: 1\nb: 2'],
      ['takes the first line away', '\ufeffa: 1\nb: 2', [remove('/a')], '\ufeffb: 2'],
      ['keeps a missing end of the last line', 'a:\n- x', [add('/a/-', 'z')], 'a:\n- x\n- z'],
      [
        'keeps the end mark of a document',
        '---\na: 1\n...\n',
        [add('/b', 'yes')],
        '---\na: 1\nb: "yes"\n...\n',
      ],
      [
        'writes {} where nothing is left',
        'a: # c\n  b: 1\n  # d\nc: 2\n',
        [remove('/a/b')],
        'a: {} # c\n  # d\nc: 2\n',
      ],
      [
        'does not let a block scalar take more lines',
        'a: |+\n  x\nb: 1\n\n\nc: 2\n',
        [remove('/b')],
        'a: |+\n  x\nc: 2\n',
      ],
      [
        'does not let a block scalar take a comment',
        'a: |\n  x\nb:\n    c: 1\n    # d\ne: 2\n',
        [remove('/b')],
        'a: |\n  x\ne: 2\n',
      ],
      [
        'adds behind a block scalar that keeps its lines',
        'a: |+\n  x\n\n',
        [add('/b', 1)],
        'a: |+\n  x\n\nb: 1\n',
      ],
      [
        'replaces a scalar before its comment',
        'a: 1 # c\nb: "x"\n',
        [replace('/a', 'on'), replace('/b', null)],
        'a: "on" # c\nb:\n',
      ],
      [
        'replaces a scalar by a mapping',
        'a: 1 # c\nb: 2\n',
        [replace('/a', { d: 1 })],
        'a: # c\n  d: 1\nb: 2\n',
      ],
      ['replaces a mapping by a scalar', 'a: # c\n  d: 1\nb: 2\n', [replace('/a', 'x')], 'a: x # c\nb: 2\n'],
      [
        'takes the first key of a list item away',
        '- name: a\n  image: b\n',
        [remove('/0/name')],
        '- image: b\n',
      ],
      [
        'keeps a comment below a key that goes',
        '- name: a # n\n  # i\n  image: b\n',
        [remove('/0/name')],
        '-\n  # i\n  image: b\n',
      ],
      ['inserts into lists of lists', '- - a\n  - b\n', [add('/0/0', 'x')], '- - x\n  - a\n  - b\n'],
      ['leaves a value that is the same', "a: 'x'\n", [replace('/a', 'x')], "a: 'x'\n"],
      [
        'moves and copies',
        'a: 1\nb: [x]\n',
        [
          { op: 'move', from: '/a', path: '/c' },
          { op: 'copy', from: '/b/0', path: '/b/-' },
        ],
        'b: [x, x]\nc: 1\n',
      ],
      [
        'writes an alias out where it is changed',
        'a: &x\n  k: v\nb: *x # c\n',
        [add('/b/m', 1)],
        'a: &x\n  k: v\nb: # c\n  k: v\n  m: 1\n',
      ],
      [
        'writes the aliases of what is changed out',
        'a: &x\n  k: v\nb: *x\nc: [*x]\n',
        [add('/a/m', 1)],
        'a: &x\n  k: v\n  m: 1\nb:\n  k: v\nc: [{k: v}]\n',
      ],
      ['writes the aliases of what is taken away out', 'a: &x 1\nb: *x\n', [remove('/a')], 'b: 1\n'],
      [
        'gives a mapping a key of its own where a merged one is changed',
        'a: &x\n  k: {v: 1}\nb:\n  <<: *x\n  o: 1\n',
        [add('/b/k/m', 1)],
        'a: &x\n  k: {v: 1}\nb:\n  <<: *x\n  o: 1\n  k:\n    v: 1\n    m: 1\n',
      ],
      [
        'writes a merge out where a merged key is taken away',
        'a: &x\n  k: 1\n  l: 2\nb:\n  <<: *x\n  o: 1\n',
        [remove('/b/k')],
        'a: &x\n  k: 1\n  l: 2\nb:\n  o: 1\n  l: 2\n',
      ],
      [
        'keeps what a merge brings elsewhere when its source is changed',
        'a: &x\n  k: 1\nb:\n  <<: *x\n',
        [replace('/a/k', 2)],
        'a: &x\n  k: 2\nb:\n  <<:\n    k: 1\n',
      ],
      [
        'keeps tags that it does not know',
        'a: !override\n  - "80"\n',
        [add('/a/-', 'x')],
        'a: !override\n  - "80"\n  - x\n',
      ],
      [
        'keeps explicit keys',
        '? a\n: b: 1\n? c\n',
        [add('/a/d', 2), replace('/c', 'x')],
        '? a\n: b: 1\n  d: 2\n? c\n: "x"\n',
      ],
    ]
  for (const [what, before, patch, after] of cases)
    it(what, () => assert.equal(edited(before, ...patch), after))

  it('gives back what was empty', () => {
    const text = 'metadata:\n  annotations: # none yet\n  labels:\nspec: {}\n'
    const filled = edited(
      text,
      replace('/metadata/annotations', { a: 'b' }),
      replace('/metadata/labels', { c: 'd' }),
    )
    assert.equal(
      edited(filled, replace('/metadata/annotations', null), replace('/metadata/labels', null)),
      text,
    )
  })

  it('is made in several documents at once, and in no other', () => {
    const text = 'a: 1\n--- # two\nb: 2\n...\n---\nc: 3'
    const manifests = readManifests('a.yaml', text)
    const [first, , third] = manifests.documents
    const result = applyToText(manifests, [
      { document: third!, patch: [add('/x', 1)] },
      { document: first!, patch: [add('/x', 1)] },
    ])
    assert.equal(result, 'a: 1\nx: 1\n--- # two\nb: 2\n...\n---\nc: 3\nx: 1')
  })

  it('says where a key is an alias of something that goes', () => {
    assert.throws(() => edited('a: &x k\nb: {*x : 1}\n', remove('/a')), EditError)
  })
})
