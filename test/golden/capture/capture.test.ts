import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeIo } from '../../../src/cli/io-fake.ts'
import { main } from '../../../src/cli/main.ts'

const folder = import.meta.dirname

for (const file of readdirSync(folder).filter(name => name.endsWith('.txt')))
  test(`capture: ${file.slice(0, -4).replaceAll('-', ' ')}`, async () => {
    const [args, expected] = readFileSync(join(folder, file), 'utf8').split('\n---\n')
    const io = fakeIo()
    const code = await main(['capture', ...args!.split(/\s+/).filter(Boolean)], io)
    assert.equal(`${code === 0 ? '' : `exit code ${code}\n`}${io.stdout.text}${io.stderr.text}`, expected)
  })
