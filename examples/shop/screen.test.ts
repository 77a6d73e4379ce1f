import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Moment, Screen } from './screen.ts'

const facts = {
  adminUrl: 'http://127.0.0.1:4600/',
  searchCommand: "bin/outrigger.js logs --store /tmp/outrigger-demo-abcdef/logs.db 'status >= 500'",
  endMs: 15_000,
}

function at(atMs: number, requests: number): Moment {
  return {
    atMs,
    requests,
    written: requests,
    rotations: 0,
    delivered: { store: requests },
    stock: {
      calls: requests,
      failed: 0,
      proxy: { requests, retries: 0, opened: 0, buckets: [] },
      instances: [
        { name: 'stock-1', mood: 'well', circuit: 'closed', requests },
        { name: 'stock-2', mood: 'killed', circuit: 'open', requests: 0 },
      ],
    },
    orders: { placed: requests, refused: 0, passwords: 2 },
    events: [
      { atMs: 500, text: 'stock-2 is killed' },
      { atMs: 600, text: 'circuit of stock-2 opens for 1.5 s: consecutive errors' },
    ],
    sidecar: undefined,
  }
}

/** What stands on a terminal of so many columns after all that was written to it. */
function terminal(columns: number, height = 50) {
  const rows: string[] = ['']
  let row = 0
  const write = (text: string) => {
    for (const [token] of text.matchAll(/\u001b\[(\d*)([AJKm])|[^\u001b]/g)) {
      const [, count, command] = /^\u001b\[(\d*)(.)$/.exec(token) ?? []
      if (command === 'A') row -= Number(count)
      else if (command === 'J') rows.splice(row, rows.length, '')
      else if (token === '\n') rows[++row] ??= ''
      else if (command === undefined && token !== '\r') {
        if (rows[row]!.length === columns) rows[++row] ??= ''
        rows[row] += token
      }
    }
    return true
  }
  return { rows, out: { isTTY: true, columns, rows: height, write } as unknown as NodeJS.WriteStream }
}

for (const columns of [40, 80, 200]) {
  test(`the table is drawn over itself in a terminal of ${columns} columns`, () => {
    const { rows, out } = terminal(columns)
    const screen = new Screen(out, facts)
    for (const [n, requests] of [10, 20, 30].entries()) screen.show(at(1000 * n, requests))
    const text = rows.join('\n')
    assert.equal(text.match(/A shop/g)?.length, 1)
    assert.match(text, /visits +30 /)
    assert.doesNotMatch(text, /visits +20 /)
  })
}

test('its heading fits a terminal of 80 columns', () => {
  const { rows, out } = terminal(80)
  new Screen(out, facts).show(at(1000, 10))
  assert.match(rows[1]!, /^ {2}A shop, .* 1 of 15 s$/)
})

test('an instance shows how it is and whether it is asked', () => {
  const { rows, out } = terminal(100)
  new Screen(out, facts).show(at(1000, 10))
  const text = rows.join('\n')
  assert.match(text, /stock-1 .*● in use\n/)
  assert.match(text, /stock-2 .*○ circuit open, killed\n/)
})

test('without a terminal each event is told once, before the line of its moment', () => {
  const lines: string[] = []
  const out = { isTTY: false, write: (text: string) => lines.push(text) }
  const screen = new Screen(out as unknown as NodeJS.WriteStream, facts)
  screen.show(at(1000, 10))
  screen.show(at(2000, 20))
  const text = lines.join('')
  assert.equal(text.match(/stock-2 is killed/g)?.length, 1)
  assert.ok(text.indexOf('stock-2 is killed') < text.indexOf('visits 10'))
})

for (const height of [10, 24, 28, 29])
  test(`the table is lower than a terminal of ${height} rows`, () => {
    const { rows, out } = terminal(100, height)
    const screen = new Screen(out, facts)
    screen.show(at(1000, 10))
    screen.show(at(2000, 20))
    assert.ok(rows.length <= height, `${rows.length} rows`)
    assert.match(rows.join('\n'), /visits +20 /)
  })
