// Each *.txt holds a configuration, a line `---`, and what loading it gives: the report, or `ok` and the effective
// configuration. Leading comments `# env NAME=value` set variables; a line `# file NAME` begins another file.
// UPDATE_GOLDEN=1 rewrites what is expected.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loadConfiguration } from '../../../src/kernel/config/load.ts'
import { fakeModules } from './modules-fake.ts'

const here = import.meta.dirname
const separator = '\n---\n'

for (const name of (await readdir(here)).filter(file => file.endsWith('.txt')).sort()) {
  test(name.replace('.txt', '').replaceAll('-', ' '), async () => {
    const content = await readFile(join(here, name), 'utf8')
    const end = content.indexOf(separator)
    assert.notEqual(end, -1, `${name} has no line ---`)
    const input = content.slice(0, end)
    const actual = await load(input)
    if (process.env['UPDATE_GOLDEN'] === '1')
      await writeFile(join(here, name), `${input}${separator}${actual}`)
    else assert.equal(actual, content.slice(end + separator.length))
  })
}

/** Signs that stand for what editors and the format of these files would not keep. */
function restored(text: string): string {
  return text
    .replaceAll('¶', '\r')
    .replaceAll('→', '\t')
    .replaceAll('«BOM»', '\uFEFF')
    .replaceAll('«---»', '---')
}

async function load(input: string): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-golden-'))
  try {
    const { environment, files } = split(input)
    for (const { name, text } of files) {
      await mkdir(dirname(join(cwd, name)), { recursive: true })
      await writeFile(join(cwd, name), restored(text))
    }
    const given = [...new Set(files.map(({ name }) => (name.includes('/') ? dirname(name) : name)))]
    const loaded = await loadConfiguration({ files: given, environment, modules: fakeModules, cwd })
    return loaded.ok ? `ok\n${JSON.stringify(loaded.configuration.effective(), null, 2)}\n` : loaded.report
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 9 })
  }
}

function split(input: string) {
  const environment: Record<string, string> = {}
  const files: { name: string; text: string }[] = []
  let lines: string[] = []
  const flush = (name: string) => {
    lines = []
    files.push({ name, text: '\n' })
  }
  flush('outrigger.yaml')
  for (const line of input.split('\n')) {
    const variable = /^# env (\w+)=(.*)$/.exec(line)
    const file = /^# file (\S+)$/.exec(line)
    if (variable) environment[variable[1]] = variable[2]
    else if (file) flush(file[1])
    else lines.push(line)
    files[files.length - 1] = { ...files[files.length - 1], text: `${lines.join('\n')}\n` }
  }
  const named = files.filter(
    ({ name, text }, index) =>
      index > 0 || text.trim() !== '' || files.length === 1 || name !== 'outrigger.yaml',
  )
  return { environment, files: named }
}
