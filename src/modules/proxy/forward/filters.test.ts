import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../../wire/http1/headers.ts'
import type { RequestView } from '../request.ts'
import { changePath, editHeaders, redirectTo } from './filters.ts'
import { backoffMs } from './retry.ts'

const paths: readonly [
  path: string,
  prefix: string,
  kind: 'full' | 'prefix',
  to: string,
  expected: string,
][] = [
  ['/a/b', '/a', 'prefix', '/x', '/x/b'],
  ['/a', '/a', 'prefix', '/x', '/x'],
  ['/a', '/a', 'prefix', '/', '/'],
  ['/a/b', '/a', 'prefix', '', '/b'],
  ['/a/b', '/a/', 'prefix', '/x/', '/x/b'],
  ['/a/b', '', 'prefix', '/x', '/x/a/b'],
  ['/a/b', '/', 'prefix', '/x', '/x/a/b'],
  ['/a/b', '/a', 'full', '/y', '/y'],
  ['/a/b', '/a', 'full', 'y', '/y'],
]

for (const [path, prefix, kind, to, expected] of paths)
  test(`${path} with ${kind} ${to || '""'} for ${prefix || '""'} is ${expected}`, () => {
    assert.equal(changePath(path, prefix, { kind, to }), expected)
  })

const view: RequestView = {
  method: 'GET',
  path: '/a/b',
  search: 'q=1',
  host: 'shop.test',
  port: 8080,
  headers: new HeaderList(),
  peer: { address: '::1' },
}
const redirects: readonly [filter: object, expected: string][] = [
  [{ scheme: 'https' }, 'https://shop.test/a/b?q=1'],
  [{ host: 'new.test' }, 'http://new.test:8080/a/b?q=1'],
  [{ scheme: 'https', port: 8443 }, 'https://shop.test:8443/a/b?q=1'],
  [{ port: 80 }, 'http://shop.test/a/b?q=1'],
  [{ path: { kind: 'prefix', to: '/x' } }, 'http://shop.test:8080/x/b?q=1'],
]

for (const [filter, expected] of redirects)
  test(`a redirect with ${JSON.stringify(filter)} goes to ${expected}`, () => {
    assert.equal(redirectTo({ kind: 'redirect', status: 302, ...filter }, view, '/a', 'http'), expected)
  })

test('headers are set, added and removed, but framing and Host are not the filters’ to change', () => {
  const headers = new HeaderList([
    'Host',
    'a',
    'X-One',
    '1',
    'x-one',
    '2',
    'X-Two',
    '3',
    'Content-Length',
    '5',
  ])
  editHeaders(headers, {
    kind: 'request_headers',
    set: [
      { name: 'x-one', value: 'new' },
      { name: 'Content-Length', value: '9' },
    ],
    add: [
      { name: 'X-Two', value: '4' },
      { name: 'Transfer-Encoding', value: 'chunked' },
    ],
    remove: ['x-none', 'host', 'content-length'],
  })
  assert.deepEqual(headers.raw, [
    'Host',
    'a',
    'X-One',
    'new',
    'X-Two',
    '3',
    'Content-Length',
    '5',
    'X-Two',
    '4',
  ])
})

test('waits double up to 250 ms, and are random up to their bound', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map(retry => backoffMs(25, retry, 1)),
    [25, 50, 100, 200, 250, 250],
  )
  assert.equal(backoffMs(25, 1, 0.5), 12.5)
  assert.equal(backoffMs(1000, 3, 1), 1000)
})
