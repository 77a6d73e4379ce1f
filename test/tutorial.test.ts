// docs/from-zero-to-injected.md, step by step in a folder of its own: the files are written, the commands run, and what
// the page shows of their output appears in it, line by line.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kubeconfig } from './fakes/apiserver/kubeconfig.ts'
import { ApiServer } from './fakes/apiserver/server.ts'
import { isOnPath } from './fakes/programs.ts'

const root = dirname(import.meta.dirname)
const page = readFileSync(join(root, 'docs/from-zero-to-injected.md'), 'utf8')
const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language!,
  text: text!,
}))

describe('docs/from-zero-to-injected.md', () => {
  let folder: string
  let cluster: ApiServer | undefined

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrigger-tutorial-'))
    await mkdir(join(folder, 'bin'))
    await symlink(join(root, 'bin/outrigger.js'), join(folder, 'bin/outrigger'))
    if (!isOnPath('kubectl')) return
    cluster = await ApiServer.start({ namespaces: ['shop'] })
    await writeFile(join(folder, 'kubeconfig'), kubeconfig(cluster))
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })

  blocks.forEach(({ language, text }, index) => {
    const shown = blocks[index + 1]?.language === '' ? blocks[index + 1]!.text : ''
    if (language === 'yaml')
      it(`step ${index + 1} writes ${fileOf(text)}`, async () => {
        const file = join(folder, fileOf(text))
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, text)
      })
    // Tests that are not there cannot be skipped: without kubectl there is no cluster to apply to.
    if (language === 'sh' && (isOnPath('kubectl') || !text.includes('kubectl')))
      it(`step ${index + 1} runs ${text.split('\n')[0]}`, async () => {
        const { code, output } = await shell(text)
        assert.equal(code, 0, output)
        let rest = output
        for (const line of shown.split('\n')) {
          const at = rest.indexOf(line)
          assert.ok(at >= 0, `"${line}" is not in:\n${output}`)
          rest = rest.slice(at + line.length)
        }
      })
  })

  function shell(script: string): Promise<{ code: number | null; output: string }> {
    const child = spawn('bash', ['-c', `set -eo pipefail\nexec 2>&1\n${script}`], {
      cwd: folder,
      env: {
        ...process.env,
        PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
        KUBECONFIG: join(folder, 'kubeconfig'),
        HOME: folder,
      },
    })
    return new Promise(done => {
      let output = ''
      child.stdout.setEncoding('utf8').on('data', text => {
        output += text
      })
      child.on('close', code => done({ code, output }))
    })
  }
})

function fileOf(text: string): string {
  return /^# (\S+)\n/.exec(text)![1]!
}
