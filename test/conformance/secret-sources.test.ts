// What every source of secrets owes its callers, whatever it is made of.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { SourceFailure } from '../../src/modules/secrets/sources/source.ts'
import { type Begun, PLANTED, sourceRows } from './secret-sources.ts'
import { serverRows } from './secret-sources-server.ts'

const never = new AbortController().signal

async function failureOf({ source }: Begun, path: string): Promise<SourceFailure> {
  try {
    await source.fetch({ path }, never)
  } catch (error) {
    assert.ok(error instanceof SourceFailure, inspect(error))
    return error
  }
  assert.fail(`${path} has a value`)
}

function isSilent(what: unknown): void {
  const said = [inspect(what, { depth: 20, showHidden: true }), String(what), JSON.stringify(what) ?? '']
  for (const text of said) assert.doesNotMatch(text, new RegExp(PLANTED))
}

for (const { name, begin, skip = false, takesWrites } of [...sourceRows, ...serverRows]) {
  test(`${name} gives the value, which does not show itself, and is well`, { skip }, async t => {
    const { source, path, key } = await begin(t)
    const value = await source.fetch({ path }, never)
    assert.equal(value.data.get(key), PLANTED)
    isSilent(value)
    isSilent(source)
    assert.deepEqual(source.health(), { ready: true, state: 'ok' })
  })

  test(`${name} gives each caller a value of its own`, { skip }, async t => {
    const { source, path, key } = await begin(t)
    const first = await source.fetch({ path }, never)
    ;(first.data as Map<string, string>).set(key, 'changed by a caller')
    assert.equal((await source.fetch({ path }, never)).data.get(key), PLANTED)
  })

  test(`${name} says that there is nothing at a path`, { skip }, async t => {
    const begun = await begin(t)
    const failure = await failureOf(begun, begun.missing)
    assert.equal(failure.reason, 'missing')
    assert.match(failure.message, new RegExp(begun.missing.split('/').at(-1)!, 'i'))
    isSilent(failure)
    assert.equal(begun.source.health().state, 'ok', 'one wrong path does not make a source ill')
  })

  // The answers of some servers to writes are secrets: theirs is tried with their engines.
  if (takesWrites !== true) {
    test(`${name} refuses to write`, { skip }, async t => {
      const { source, path } = await begin(t)
      const writing = source.fetch({ path, write: new Map([['value', PLANTED]]) }, never)
      await assert.rejects(writing, (error: SourceFailure) => {
        assert.equal(error.reason, 'invalid')
        isSilent(error)
        return true
      })
    })
  }

  test(`${name} gives up when it is told to`, { skip }, async t => {
    const { source, path } = await begin(t)
    const reason = new Error('not wanted any more')
    await assert.rejects(source.fetch({ path }, AbortSignal.abort(reason)), error => error === reason)
  })

  test(`${name} says why there is no value, and recovers nothing by itself`, { skip }, async t => {
    const { breaks = {} } = await begin(t)
    for (const expected of Object.keys(breaks) as (keyof typeof breaks)[]) {
      const begun = await begin(t)
      await begun.source.fetch({ path: begun.path }, never)
      await begun.breaks![expected]!()
      // A file that is read once for a burst of requests is read again once the burst is over.
      const failure = await eventually(() => failureOf(begun, begun.path))
      assert.equal(failure.reason, expected, failure.message)
      isSilent(failure)
      isSilent(begun.source.health())
    }
  })

  test(`${name} tells of a change until it is not wanted any more`, { skip }, async t => {
    const { source, path, key, change } = await begin(t)
    if (change === undefined || source.watch === undefined)
      return assert.equal(source.watch, undefined, 'what tells of changes can be changed here')
    let told = () => {}
    let calls = 0
    const watching = source.watch({ path }, () => void calls++)
    using _other = source.watch({ path }, () => told())
    const arrives = (value: string) =>
      new Promise<void>((resolve, reject) => {
        told = () => {
          source.fetch({ path }, never).then(found => found.data.get(key) === value && resolve(), reject)
        }
        change(value).catch(reject)
      })
    await arrives('second')
    assert.ok(calls > 0)
    watching[Symbol.dispose]()
    calls = 0
    await arrives('third')
    assert.equal(calls, 0)
  })
}

async function eventually<T>(look: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await look()
    } catch (error) {
      if (left === 0 || !(error instanceof assert.AssertionError)) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
