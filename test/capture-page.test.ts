import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { cannotHaveNamespaces, Namespace } from './namespaces/namespace.ts'

const root = dirname(import.meta.dirname)
const page = await readFile(join(root, 'docs/capture.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!)

test('the commands of docs/capture.md do what it says', { skip: cannotHaveNamespaces('nft') }, async () => {
  const commands = blocks('').find(text => text.startsWith('outrigger capture'))!
  await using pod = await Namespace.create('page')
  const said: string[] = []
  for (const command of commands.trim().split('\n')) {
    const args = command.split(' ').slice(1)
    said.push(await pod.run(process.execPath, join(root, 'bin/outrigger.js'), ...args))
  }
  assert.match(said[0]!, /tcp dport \{ 53, 5432 \} return/)
  assert.deepEqual(said.slice(1), ['capture: applied with nft\n', 'capture: removed with nft\n'])
})
