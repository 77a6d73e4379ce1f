// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are references of configurations, not templates
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCommandLine } from './command-line/command-line.ts'
import { loadKeepingVariables } from './kept-variables.ts'

function imported(text: string, env: Readonly<Record<string, string>> = {}, file = 'fb.yaml') {
  const parsed = parseCommandLine(['-c', file])
  assert.ok(parsed.ok)
  const files: Readonly<Record<string, string>> = { [`/etc/${file}`]: text, '/run/token': 'of the file' }
  return loadKeepingVariables({
    commandLine: parsed.commandLine,
    files: { read: path => files[path], glob: () => [] },
    cwd: '/etc',
    environment: name => env[name],
  })
}

const pipeline = (output: string) =>
  `pipeline:\n  inputs: [{ name: dummy }]\n  outputs:\n    - { name: http, match: "*", ${output} }\n`

/** The options of the one output. */
function outputOf(text: string, env: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  const { configuration, findings } = imported(text, env)
  assert.deepEqual(findings, [])
  const { outputs } = configuration['logs'] as unknown as { outputs: { http: Record<string, unknown> }[] }
  return outputs[0].http
}

describe('a configuration that is imported', () => {
  it('keeps variables as they are, set or not, so that no value of the environment is written', () => {
    const output = outputOf(
      pipeline('host: "${HOST:-a b}", http_user: me, http_passwd: "${PASS}", uri: "/${A}/${A}"'),
      { PASS: 'secret' },
    )
    assert.equal(output['url'], 'http://${HOST:-a b}:80/${A}/${A}')
    assert.deepEqual(output['auth'], { username: 'me', password: '${PASS}' })
  })

  it('writes the values of variables that are no texts', () => {
    const output = outputOf(
      pipeline('host: "${HOST}", port: "${PORT}", http_passwd: "${PASS}", http_user: a'),
      {
        PORT: '8080',
        PASS: 'secret',
      },
    )
    assert.equal(output['url'], 'http://${HOST}:8080/')
    assert.deepEqual(output['auth'], { username: 'a', password: '${PASS}' })
  })

  it('fills in what its own files set', () => {
    assert.equal(outputOf(`env: { HOST: there }\n${pipeline('host: "${HOST}"')}`)['url'], 'http://there:80/')
  })

  it('says which variable takes the content of a file, and does not write it', () => {
    const { configuration, findings } = imported(
      `env: [{ name: TOKEN, uri: "file:///run/token" }]\n${pipeline('host: h, header: "Authorization ${TOKEN}"')}`,
    )
    assert.doesNotMatch(JSON.stringify(configuration), /of the file/)
    assert.match(JSON.stringify(configuration), /\$\{TOKEN\}/)
    assert.deepEqual(
      findings.map(({ message }) => message),
      ['the value of TOKEN is in /run/token: set the variable TOKEN to it'],
    )
  })

  it('escapes what only looks like a variable', () => {
    const output = outputOf(pipeline('host: h, http_user: u, http_passwd: "a${b"'))
    assert.deepEqual(output['auth'], { username: 'u', password: 'a$${b' })
  })
})
