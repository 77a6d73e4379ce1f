import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { installObjects } from '../injection/install/install.ts'
import { DEFAULT_INSTALL, type InstallOptions } from '../injection/install/options.ts'
import type { JsonObject } from '../manifests/json.ts'
import { loadController, run } from './controller.ts'
import { run as install } from './install.ts'
import { fakeIo } from './io-fake.ts'
import { run as lint } from './lint.ts'

describe('outrigger controller', () => {
  const variants: readonly (readonly [string, Partial<InstallOptions>])[] = [
    ['as it comes', {}],
    ['with cert-manager', { certificates: { kind: 'cert-manager' } }],
    [
      'with everything',
      {
        evict: true,
        failClosed: true,
        adopt: true,
        mesh: 'example.org',
        catalogue: [{ name: 'a', text: '' }],
      },
    ],
  ]
  for (const [what, more] of variants)
    it(`takes the configuration that outrigger install writes, ${what}`, async () => {
      const objects = installObjects({ ...DEFAULT_INSTALL, image: 'a', required: [], ...more })
      const map = objects.find(({ kind }) => kind === 'ConfigMap')!
      const text = (map['data'] as JsonObject)['controller.yaml'] as string
      const cwd = await mkdtemp(join(tmpdir(), 'outrigger-controller-'))
      await writeFile(join(cwd, 'controller.yaml'), text)
      const loaded = await loadController({ values: {}, io: fakeIo({ cwd }) })
      assert.ok(loaded.ok, loaded.ok ? '' : loaded.report)
      assert.deepEqual([...loaded.configuration.modules.keys()], Object.keys(parse(text)).slice(1))
      await rm(cwd, { recursive: true, maxRetries: 9 })
    })

  it('joins flags and files, the flags being stronger', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'outrigger-controller-'))
    await writeFile(
      join(cwd, 'c.yaml'),
      'cluster:\ninjection: { listen: "127.0.0.1:1", timeout: 1s, certificate: { files: { certificate: a, key: b } } }\n',
    )
    const values = { config: ['c.yaml'], listen: '127.0.0.1:2', evict: true }
    const loaded = await loadController({ values, io: fakeIo({ cwd }) })
    assert.ok(loaded.ok, loaded.ok ? '' : loaded.report)
    const { modules } = loaded.configuration
    const { listen, timeoutMs } = modules.get('injection')!.config as { listen: object; timeoutMs: number }
    assert.deepEqual([listen, timeoutMs], [{ host: '127.0.0.1', port: 2 }, 1000])
    assert.ok((modules.get('watchdog')!.config as { evict?: object }).evict)
    await rm(cwd, { recursive: true, maxRetries: 9 })
  })

  it('tells all mistakes of a configuration at once', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'outrigger-controller-'))
    await writeFile(join(cwd, 'c.yaml'), 'injection:\n  listn: a\n  checks: [SC1]\nwatchdgo: {}\n')
    const loaded = await loadController({ values: { config: ['c.yaml'] }, io: fakeIo({ cwd }) })
    const report = loaded.ok ? '' : loaded.report
    for (const said of ['did you mean "listen"', 'did you mean "watchdog"', 'SC001', 'certificate'])
      assert.ok(report.includes(said), `${said} in ${report}`)
    await rm(cwd, { recursive: true, maxRetries: 9 })
  })

  for (const [what, values] of [
    ['a wrong address', { listen: 'here' }],
    ['a certificate without a key', { certificate: 'a' }],
    ['evictions without a cluster', { evict: true, 'no-cluster': true }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const io = fakeIo()
      assert.equal(await run({ io, values, positionals: [], rest: undefined }), 2)
    })
})

describe('outrigger install', () => {
  it('prints what outrigger lint has nothing to say of', async () => {
    const io = fakeIo()
    assert.equal(await install({ io, values: { mesh: 'example.org' }, positionals: [], rest: undefined }), 0)
    const linting = fakeIo()
    linting.stdin.end(io.stdout.text)
    assert.equal(await lint({ io: linting, values: {}, positionals: ['-'], rest: undefined }), 0)
    assert.match(linting.stdout.text, /1 workload in 1 file: 0 errors, 0 warnings/)
  })

  const wrong: readonly (readonly [Record<string, string | readonly string[]>, RegExp])[] = [
    [{ namespace: 'Not A Name' }, /--namespace: expected the name of a namespace/],
    [{ replicas: '0' }, /--replicas: expected a number from 1 to 20/],
    [{ certificates: 'magic' }, /expected self, cert-manager or files/],
    [{ secret: 'a' }, /--secret goes with --certificates files/],
    [{ certificates: 'files', secret: 'a' }, /needs --ca-bundle/],
    [{ certificates: 'files', secret: 'a', 'ca-bundle': 'package.json' }, /no certificate/],
    [{ catalog: ['package.json'] }, /no entry of a catalogue/],
    [{ image: 'a b' }, /--image/],
  ]
  for (const [values, message] of wrong)
    it(`refuses ${JSON.stringify(values)}`, async () => {
      const io = fakeIo({ cwd: join(import.meta.dirname, '../..') })
      assert.equal(await install({ io, values, positionals: [], rest: undefined }), 2)
      assert.match(io.stderr.text, message)
      assert.equal(io.stdout.text, '')
    })
})
