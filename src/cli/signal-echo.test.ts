import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignalEcho } from './signal-echo.ts'

const table: [what: string, heard: [NodeJS.Signals, atMs: number][], echoes: boolean[]][] = [
  ['the first is none', [['SIGTERM', 0]], [false]],
  [
    'the same signal at once is one',
    [
      ['SIGTERM', 0],
      ['SIGTERM', 5],
    ],
    [false, true],
  ],
  [
    'the same signal later is none',
    [
      ['SIGTERM', 0],
      ['SIGTERM', 400],
    ],
    [false, false],
  ],
  [
    'another signal is none',
    [
      ['SIGINT', 0],
      ['SIGTERM', 5],
    ],
    [false, false],
  ],
  [
    'of three at once the third is none',
    [
      ['SIGTERM', 0],
      ['SIGTERM', 5],
      ['SIGTERM', 9],
    ],
    [false, true, false],
  ],
]
for (const [what, heard, echoes] of table)
  test(`an echo of a signal: ${what}`, () => {
    let now = 0
    const echo = new SignalEcho(() => now)
    const found = heard.map(([signal, atMs]) => {
      now = atMs
      return echo.isEcho(signal)
    })
    assert.deepEqual(found, echoes)
  })
