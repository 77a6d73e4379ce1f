import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfiguration } from '../../../kernel/config/load.ts'
import { modules } from '../../registry.ts'

test('all mistakes of all templates are told at once, each at its option and with its place in the template', async t => {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-examine-'))
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(cwd, 'broken.tpl'), 'a\n{{ if }}')
  await writeFile(
    join(cwd, 'outrigger.yaml'),
    `secrets:
  sources: [environment: { prefix: APP_ }]
  deliveries:
    - file:
        path: ${cwd}/a
        template: |
          {{ with secret "a" }}
          {{ nothing . }}{{ end }}
    - folder:
        path: ${cwd}/b
        files:
          - { name: fine, template: '{{ sprig_upper "a" }}' }
          - { name: other, template: '{{ sprig_upper' }
    - environment:
        variables:
          A: { template: '{{ range }}' }
          B: { secret: 'a#b' }
          C: { template: '<< sprig_nothing >>', delimiters: ['<<', '>>'] }
    - file: { path: ${cwd}/c, templateFile: ${cwd}/broken.tpl }
    - file: { path: ${cwd}/d, templateFile: ${cwd}/nothing.tpl }
`,
  )
  const loaded = await loadConfiguration({ files: ['outrigger.yaml'], environment: {}, modules, cwd })
  assert.ok(!loaded.ok)
  assert.deepEqual(
    loaded.problems.map(({ path, message, position }) => [
      position?.line,
      path.slice(2).join('.'),
      message.replaceAll(`${cwd}/`, ''),
    ]),
    [
      [6, '0.file.template', 'template:2:4: function "nothing" not defined'],
      [13, '1.folder.files.1.template', 'template:1:15: unclosed action'],
      [16, '2.environment.variables.A.template', 'template:1:10: missing value for range'],
      [18, '2.environment.variables.C.template', 'template:1:4: function "sprig_nothing" not defined'],
      [19, '3.file.templateFile', 'broken.tpl:2:7: missing value for if'],
    ],
  )
  await writeFile(
    join(cwd, 'outrigger.yaml'),
    `secrets: { sources: [environment: { prefix: APP_ }], deliveries: [file: { path: ${cwd}/d, templateFile: ${cwd}/nothing.tpl }] }`,
  )
  const fine = await loadConfiguration({ files: ['outrigger.yaml'], environment: {}, modules, cwd })
  assert.ok(fine.ok)
  assert.deepEqual(
    fine.configuration.lacks().map(({ message }) => message),
    [`there is no file ${cwd}/nothing.tpl on this machine`],
  )
})
