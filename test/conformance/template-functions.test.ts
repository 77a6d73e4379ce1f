/** The functions of our templates against those of a real agent, which has the real consul-template in it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'
import { SPRIG } from './sprig-table.ts'
import { EXPRESSIONS as OWN } from './template-functions-table.ts'

const skip = missing('bao')

/** What the sprig of the agent does not have yet. */
const NEWER = /sprig_sha512sum/

const EXPRESSIONS = [
  ...OWN,
  ...SPRIG.map(([expression]) => expression).filter(expression => !NEWER.test(expression)),
]

/** Not yet in TypeScript's library. */
const rawJson = (text: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)

/** One template of all expressions, each with its number, so that a difference is found again. */
function templateOf(folder: string): string {
  return EXPRESSIONS.map(
    (expression, n) => `<<${n}>>{{${expression.replaceAll('@FOLDER@', folder)}}}<</${n}>>\n`,
  ).join('')
}

function valuesIn(text: string): Map<string, string> {
  return new Map(
    EXPRESSIONS.map((expression, n) => [expression, text.split(`<<${n}>>`)[1]?.split(`<</${n}>>`)[0] ?? '']),
  )
}

async function renderedByAgent(bao: OpenBao, folder: string): Promise<string> {
  await writeFile(join(folder, 'token'), bao.rootToken)
  await writeFile(
    join(folder, 'agent.hcl'),
    `exit_after_auth = true
vault { address = "${bao.url}" }
auto_auth { method "token_file" { config = { token_file_path = "${folder}/token" } } }
template_config { exit_on_retry_failure = true }
template { source = "${folder}/all.tpl", destination = "${folder}/agent.out" }
`,
  )
  await promisify(execFile)('bao', ['agent', `-config=${folder}/agent.hcl`], {
    timeout: 60_000,
    env: { PATH: process.env['PATH'], HOME: folder, ORACLE_VARIABLE: 'a value' },
  }).catch(error => assert.fail(`bao agent: ${error.stdout}${error.stderr}`))
  return await readFile(join(folder, 'agent.out'), 'utf8')
}

async function renderedByUs(bao: OpenBao, folder: string): Promise<string> {
  await using sidecar = await spawnSidecar(
    `secrets:
  sources: [vault: { address: '${bao.url}', auth: { token: { token: ${bao.rootToken} } } }]
  deliveries: [file: { path: '${folder}/our.out', templateFile: '${folder}/all.tpl', missingKey: print }]
`,
    { env: { ORACLE_VARIABLE: 'a value' } },
  )
  await sidecar.until('the rendered file', () => sidecar.output().includes('"event":"ready"'))
  return await readFile(join(folder, 'our.out'), 'utf8')
}

test('functions give what they give in a real agent', { skip, timeout: 120_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-functions-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const bao = await startOpenBao()
  t.after(() => bao.stop())
  for (const password of ['first', 'p4ss "word" <&>'])
    await bao.request('POST', 'secret/data/app', {
      data: { password, number: rawJson('12345678901234567890'), nested: { list: [1, 2.5, 'x'] } },
    })
  await bao.request('POST', 'secret/data/folder/inner', { data: { a: 'b' } })
  await writeFile(join(folder, 'text'), 'text of a file\n')
  await writeFile(join(folder, 'all.tpl'), templateOf(folder))
  const theirs = valuesIn(await renderedByAgent(bao, folder))
  const ours = valuesIn(await renderedByUs(bao, folder))
  const differences = EXPRESSIONS.filter(expression => ours.get(expression) !== theirs.get(expression)).map(
    expression => ({
      expression,
      ours: ours.get(expression),
      theirs: theirs.get(expression),
    }),
  )
  assert.deepEqual(differences, [])
})
