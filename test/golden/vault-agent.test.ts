// What configurations of Vault Agent are in ours: `NAME.hcl` or `NAME.json` (as the injector of vault-k8s makes them), and
// `NAME.expected` beside it with the configuration and the findings. UPDATE_GOLDEN=1 writes them anew.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import { findingReport } from '../../src/cli/as/report.ts'
import { loadConfiguration } from '../../src/kernel/config/load.ts'
import { modules } from '../../src/modules/registry.ts'
import { parseCommandLine } from '../../src/personalities/vault-agent/command-line.ts'
import { loadVaultAgent } from '../../src/personalities/vault-agent/load.ts'

const folder = join(import.meta.dirname, 'vault-agent')
const names = readdirSync(folder).filter(name => /\.(hcl|json)$/.test(name))

function load(name: string) {
  const parsed = parseCommandLine([`-config=${name}`])
  assert.ok(parsed.ok)
  return loadVaultAgent([{ path: name, text: readFileSync(join(folder, name), 'utf8') }], {
    commandLine: parsed.commandLine,
    cwd: '/work',
    environment: () => undefined,
    bundle: () => '/bundle.pem',
    existingMode: () => undefined,
    templateText: () => undefined,
  })
}

describe('configurations of Vault Agent in ours', () => {
  for (const name of names) {
    const { configuration, behaviour, findings } = load(name)
    const isBad = findings.some(({ level }) => level === 'error')

    test(`${name} becomes what is expected`, () => {
      const { logging: _, listeners, ...rest } = behaviour
      const own = { ...rest, listeners: listeners.map(({ place: _, ...listener }) => listener) }
      const whole = isBad
        ? ''
        : `${stringify(configuration, { lineWidth: 0 })}--- behaviour\n${stringify(own)}`
      const text = `${whole}--- findings\n${findingReport(findings)}`
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
        overrides: { ...configuration, dataDir: '/tmp' },
      })
      assert.equal(checked.ok ? '' : JSON.stringify(checked.problems, null, 1), '')
    })
  }
})
