import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EnvironmentSource } from './source.ts'

const never = new AbortController().signal
const source = new EnvironmentSource('APP_', {
  name: 'environment',
  env: { APP_DB_MAIN_PASSWORD: 'p', APP_DB_MAIN_USER: 'u', APP_TOKEN: 't', OTHER: 'x', APP_: 'nothing' },
})

const paths: [string, Record<string, string>][] = [
  ['db/main', { password: 'p', user: 'u' }],
  ['db-main', { password: 'p', user: 'u' }],
  ['TOKEN', { value: 't' }],
  ['DB_MAIN_USER', { value: 'u' }],
  ['all', { DB_MAIN_PASSWORD: 'p', DB_MAIN_USER: 'u', TOKEN: 't' }],
]
for (const [path, expected] of paths)
  test(`${path} is ${JSON.stringify(expected)}`, async () =>
    assert.deepEqual(Object.fromEntries((await source.fetch({ path }, never)).data), expected))

test('a variable without the prefix is nobody’s secret', () =>
  assert.rejects(
    source.fetch({ path: 'OTHER' }, never),
    /no variable is named APP_OTHER, and none begins with APP_OTHER_/,
  ))

test('names are listed without the prefix', async () =>
  assert.deepEqual(await source.list(''), ['DB_MAIN_PASSWORD', 'DB_MAIN_USER', 'TOKEN']))
