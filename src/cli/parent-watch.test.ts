import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../kernel/clock/fake.ts'
import { type Kin, ParentWatch } from './parent-watch.ts'

interface Family {
  readonly launcher?: number
  readonly before: Readonly<Record<number, Kin>>
  readonly after: Readonly<Record<number, Kin>>
}

/** How often the end is asked for, when the family of process 10 changes after a while. */
function ends({ launcher, before, after }: Family): number {
  const clock = new FakeClock()
  let now = before
  let asked = 0
  const self = {
    pid: 10,
    get ppid() {
      return now[10]!.parent
    },
  }
  using _ = new ParentWatch(
    clock,
    () => asked++,
    launcher,
    self,
    pid => now[pid],
  )
  clock.advance(5000)
  assert.equal(asked, 0)
  now = after
  clock.advance(5000)
  return asked
}

describe('a sidecar whose parent dies', () => {
  const orphan = { parent: 1, group: 5 }
  const cases: [what: string, family: Family, ends: boolean][] = [
    [
      'ends when it shares the group of who started it',
      { before: { 10: { parent: 5, group: 5 } }, after: { 10: orphan } },
      true,
    ],
    [
      'goes on when it leads a group of its own',
      { before: { 10: { parent: 5, group: 10 } }, after: { 10: { parent: 1, group: 10 } } },
      false,
    ],
    [
      'ends when its launcher dies',
      {
        launcher: 9,
        before: { 10: { parent: 9, group: 5 }, 9: { parent: 5, group: 5 } },
        after: { 10: orphan },
      },
      true,
    ],
    [
      'ends when its launcher dies, also one that leads a group of its own',
      {
        launcher: 9,
        before: { 10: { parent: 9, group: 9 }, 9: { parent: 5, group: 9 } },
        after: { 10: { parent: 1, group: 9 } },
      },
      true,
    ],
    [
      'ends when the parent of its launcher dies',
      {
        launcher: 9,
        before: { 10: { parent: 9, group: 5 }, 9: { parent: 5, group: 5 } },
        after: { 10: { parent: 9, group: 5 }, 9: orphan },
      },
      true,
    ],
    [
      'goes on when its launcher leads a group of its own',
      {
        launcher: 9,
        before: { 10: { parent: 9, group: 9 }, 9: { parent: 5, group: 9 } },
        after: { 10: { parent: 9, group: 9 }, 9: { parent: 1, group: 9 } },
      },
      false,
    ],
  ]
  for (const [what, family, expected] of cases) test(what, () => assert.equal(ends(family), expected ? 1 : 0))
})

test('the first process of a container watches nobody', () => {
  const clock = new FakeClock()
  using _ = new ParentWatch(clock, assert.fail, undefined, { pid: 1, ppid: 0 }, () => undefined)
  assert.equal(clock.pending, 0)
})

test('without /proc the parent is watched all the same', () => {
  const clock = new FakeClock()
  const self = { pid: 10, ppid: 5 }
  let asked = 0
  using _ = new ParentWatch(
    clock,
    () => asked++,
    undefined,
    self,
    () => undefined,
  )
  self.ppid = 1
  clock.advance(2000)
  assert.equal(asked, 1)
})
