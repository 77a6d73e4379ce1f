import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { readManifestFiles } from './manifest-files.ts'

async function folder(t: TestContext, files: Readonly<Record<string, string | Buffer>>) {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-manifests-'))
  t.after(() => rm(cwd, { recursive: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(cwd, name, '..'), { recursive: true })
    await writeFile(join(cwd, name), text)
  }
  return cwd
}

const empty = () => Readable.from([])

describe('the files of manifests', () => {
  it('are those that are named, and all YAML and JSON of a folder, by name', async t => {
    const cwd = await folder(t, {
      'b.yaml': 'b: 1',
      'k8s/z.yml': 'z: 1',
      'k8s/a/c.JSON': '{}',
      'k8s/readme.md': '',
      'k8s/.git/x.yaml': '',
    })
    const { files, problems } = await readManifestFiles(['b.yaml', 'k8s'], { cwd, stdin: empty() })
    assert.deepEqual(
      files.map(({ file }) => file),
      ['b.yaml', 'k8s/a/c.JSON', 'k8s/z.yml'],
    )
    assert.deepEqual(problems, [])
  })

  it('come from standard input, in pieces that break letters', async () => {
    const bytes = Buffer.from('ä: ö\n')
    const { files } = await readManifestFiles(['-'], {
      cwd: '/',
      stdin: Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]),
    })
    assert.deepEqual(files[0]?.documents[0]?.value, { ä: 'ö' })
  })

  const wrong: readonly (readonly [what: string, path: string, message: RegExp])[] = [
    ['is not there', 'none.yaml', /no such file/],
    ['is no text', 'binary.yaml', /binary data or not UTF-8/],
    ['has no manifests', 'nothing', /no YAML or JSON file/],
  ]
  for (const [what, path, message] of wrong)
    it(`that ${what} is told, and the others are read`, async t => {
      const cwd = await folder(t, {
        'good.yaml': 'a: 1',
        'binary.yaml': Buffer.from([0xff, 0xfe, 0x80]),
        'nothing/readme.md': '',
      })
      const { files, problems } = await readManifestFiles([path, 'good.yaml'], { cwd, stdin: empty() })
      assert.deepEqual(
        files.map(({ file }) => file),
        ['good.yaml'],
      )
      assert.match(problems[0]!.message, message)
    })
})
