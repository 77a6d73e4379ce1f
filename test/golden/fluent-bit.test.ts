// What configurations of Fluent Bit are in ours: `NAME.conf` or `NAME.yaml`, and `NAME.expected` beside it with the
// configuration and the findings. UPDATE_GOLDEN=1 writes them anew.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import { findingReport } from '../../src/cli/as/report.ts'
import { loadConfiguration } from '../../src/kernel/config/load.ts'
import { modules } from '../../src/modules/registry.ts'
import { parseCommandLine } from '../../src/personalities/fluent-bit/command-line/command-line.ts'
import { loadFluentBit } from '../../src/personalities/fluent-bit/load.ts'
import { inputPlugins, outputPlugins } from '../../src/personalities/fluent-bit/plugins/registry.ts'
import { fakeFiles } from '../../src/personalities/fluent-bit/syntax/files-fake.ts'

const folder = join(import.meta.dirname, 'fluent-bit')
const names = readdirSync(folder).filter(name => /\.(conf|yaml)$/.test(name))

function load(name: string) {
  const parsed = parseCommandLine(['-c', name])
  assert.ok(parsed.ok)
  const text = readFileSync(join(folder, name), 'utf8')
  return loadFluentBit({
    commandLine: parsed.commandLine,
    files: fakeFiles({ [`/${name}`]: text }),
    cwd: '/',
    environment: () => undefined,
  })
}

describe('configurations of Fluent Bit in ours', () => {
  for (const name of names) {
    const loaded = load(name)
    const isBad = loaded.findings.some(({ level }) => level === 'error')

    test(`${name} becomes what is expected`, () => {
      const configuration = isBad ? '' : stringify(loaded.configuration, { lineWidth: 0 })
      const text = `${configuration}--- findings\n${findingReport(loaded.findings)}`
      const path = join(folder, name.replace(/\.\w+$/, '.expected'))
      if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(path, text)
      assert.equal(text, readFileSync(path, 'utf8'))
    })

    if (isBad) continue
    test(`what ${name} becomes is valid`, async () => {
      const checked = await loadConfiguration({
        files: [],
        environment: {},
        modules,
        cwd: '/',
        overrides: { ...loaded.configuration, dataDir: '/tmp' },
      })
      assert.equal(checked.ok ? '' : JSON.stringify(checked.problems, null, 1), '')
    })
  }

  test('every plugin of inputs and outputs occurs in one of them', () => {
    const all = names.map(name => readFileSync(join(folder, name), 'utf8')).join('\n')
    const missing = [...Object.keys(inputPlugins), ...Object.keys(outputPlugins)].filter(
      plugin => !new RegExp(`name:? +['"]?${plugin}\\b`, 'i').test(all) && plugin !== 'exit',
    )
    assert.deepEqual(missing, [])
  })
})
