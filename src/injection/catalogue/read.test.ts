// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are places of templates
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readCatalogue } from './read.ts'

const GOOD = `apiVersion: outrigger.dev/v1
kind: Sidecar
name: shipper
version: 1.2.0
purpose: Ships logs.
owner: platform
kubernetes: ">=1.25"
aliases:
  logs: {about: Ships logs., set: {mode: fast}}
parameters:
  mode: {description: How., type: string, enum: [fast, safe], default: safe}
  hosts: {description: Where to., type: array, items: {type: string, format: host-port}, default: []}
  note: {description: A note., type: string, required: mode == fast}
  memory: {description: Memory., type: string, format: quantity, default: 32Mi, atMost: limit}
  limit: {description: Limit., type: string, format: quantity, default: 64Mi}
containers:
  - container:
      name: shipper
      image: docker.io/example/shipper:3.1.4
      args: ["--mode=\${mode}", {$when: note, $value: "--note=\${note}"}]
      env: [{name: MODE, value: "\${mode}"}]
      ports: [{name: health, containerPort: 9000}]
      startupProbe: {httpGet: {path: /ready, port: health}}
      resources:
        requests: {cpu: 10m, memory: "\${memory}"}
        limits: {cpu: 100m, memory: "\${limit}"}
      securityContext:
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
        seccompProfile: {type: RuntimeDefault}
      volumeMounts: [{name: state, mountPath: /state}]
volumes:
  - {name: state, emptyDir: {sizeLimit: 64Mi}}
shared:
  - {name: logs, path: /var/log/app, sizeLimit: 256Mi}
files:
  - path: /etc/shipper/shipper.conf
    format: text
    content: ["mode \${mode}", {$each: hosts, $item: "host \${item}"}]
compose:
  service: {image: docker.io/example/shipper:3.1.4}
`

function read(text: string) {
  return readCatalogue([{ name: 'shipper.yaml', text }])
}

function told(text: string): string[] {
  return read(text).problems.map(
    ({ position, message, hint }) => `${position?.line}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

describe('an entry', () => {
  test('is read, with a hash of what it says and not of how it is written', () => {
    const { catalogue, problems } = read(GOOD)
    assert.deepEqual(problems, [])
    const [entry] = catalogue.entries
    assert.equal(entry?.name, 'shipper')
    assert.match(entry?.hash ?? '', /^sha256:[0-9a-f]{64}$/)
    assert.equal(entry?.order, 50)
    const again = read(
      `# a comment\n${GOOD.replace('{name: state, emptyDir: {sizeLimit: 64Mi}}', '{emptyDir: {sizeLimit: "64Mi"}, name: state}')}`,
    )
    assert.equal(again.catalogue.entries[0]?.hash, entry?.hash)
    assert.notEqual(read(GOOD.replace('64Mi}}', '65Mi}}')).catalogue.entries[0]?.hash, entry?.hash)
  })

  const wrong: readonly (readonly [what: string, from: string | RegExp, to: string, told: RegExp])[] = [
    [
      'another kind',
      'kind: Sidecar',
      'kind: Pod',
      /^1: this is no entry of a catalogue \(an entry begins with/,
    ],
    ['an unknown key', 'owner:', 'ownr: x\nowner:', /^6: unknown option; did you mean "owner"/],
    ['no purpose', 'purpose: Ships logs.', '', /required option is missing/],
    [
      'a strange name',
      'name: shipper\nversion',
      'name: Shipper\nversion',
      /^3: expected a name of lower-case/,
    ],
    ['a version that is none', '1.2.0', '"1.2"', /^4: expected a semantic version/],
    ['a range that is none', '">=1.25"', '1.25+', /^7: expected a range/],
    [
      'an alias that sets what is not there',
      'set: {mode: fast}',
      'set: {mood: fast}',
      /^9: there is no parameter or fact "mood" \(did you mean "mode"/,
    ],
    [
      'an alias that sets what cannot be',
      'set: {mode: fast}',
      'set: {mode: fats}',
      /^9: expected one of fast, safe.*did you mean "fast"/,
    ],
    [
      'a keyword that is not known',
      'enum: [fast',
      'enmu: [fast',
      /^11: this keyword is not known here \(did you mean "enum"/,
    ],
    [
      'a default that does not fit',
      'default: safe',
      'default: sfae',
      /^11: expected one of fast, safe, got "sfae"/,
    ],
    [
      'a condition that cannot be read',
      'required: mode == fast',
      'required: mode = fast',
      /^13: expected name, !name/,
    ],
    [
      'a condition that never holds',
      'required: mode == fast',
      'required: mode == fst',
      /^13: "mode" is never fst \(did you mean "fast"/,
    ],
    ['a list compared as a text', '{$when: note,', '{$when: hosts == a,', /"hosts" is a list: write has/],
    [
      'a bound that is not there',
      'atMost: limit',
      'atMost: limits',
      /^14: there is no parameter or fact "limits" \(did you mean "limit"/,
    ],
    [
      'a default above its bound',
      'default: 32Mi',
      'default: 1Gi',
      /^14: its default: "1Gi" is more than "64Mi"/,
    ],
    [
      'a name that nobody has',
      'value: "${mode}"',
      'value: "${mod}"',
      /^21: there is no parameter or fact "mod" \(did you mean "mode"/,
    ],
    [
      'no tag',
      'image: docker.io/example/shipper:3.1.4\n',
      'image: docker.io/example/shipper\n',
      /^19: .* has no tag/,
    ],
    ['the tag latest', 'shipper:3.1.4\n', 'shipper:latest\n', /^19: the tag latest moves/],
    ['an image by parameter', 'shipper:3.1.4\n', 'shipper:${mode}\n', /^19: an image is written out/],
    ['no limit', 'limits: {cpu: 100m, ', 'limits: {', /limits.cpu is missing \(quotas/],
    [
      'a request above its limit',
      'cpu: 10m',
      'cpu: 200m',
      /^25: the request is more than the limit \(100m\)/,
    ],
    ['a quantity that is none', 'cpu: 10m', 'cpu: 10mm', /^25: expected a quantity such as 100m/],
    ['no security context', / {6}securityContext:\n(?: {8}.*\n)+/, '', /securityContext is missing/],
    [
      'root',
      'runAsNonRoot: true',
      'runAsUser: 0',
      /expects runAsNonRoot: true \(mend it, or waive containers\[shipper\]/,
    ],
    ['a capability', 'drop: [ALL]', 'drop: [ALL], add: [NET_ADMIN]', /expects capabilities.add: nothing but/],
    [
      'security by parameter',
      'runAsNonRoot: true',
      'runAsNonRoot: "${mode}"',
      /^28: what the sidecar may do is written out/,
    ],
    [
      'a misspelt security field',
      'readOnlyRootFilesystem',
      'readOnlyRootFileSystem',
      /did you mean "readOnlyRootFilesystem"/,
    ],
    [
      'a waiver that nothing needs',
      'compose:',
      'waivers: [{field: securityContext.privileged, reason: x}]\ncompose:',
      /nothing needs this waiver/,
    ],
    ['a misspelt field', 'startupProbe:', 'startupPrbe:', /^23: unknown key; did you mean "startupProbe"/],
    ['no startup probe', /startupProbe:.*/, '', /startupProbe is missing/],
    ['a probe with two handlers', '{httpGet:', '{exec: {command: [a]}, httpGet:', /exactly one of httpGet/],
    [
      'a probe at a port that is not there',
      'port: health}}',
      'port: helth}}',
      /expected a port, or the name of one/,
    ],
    [
      'a probe that waits for the application',
      'port: health}}',
      'port: "${app.port}"}}',
      /neither would ever start/,
    ],
    [
      'a hook that ends the sidecar',
      'env:',
      'lifecycle: {preStop: {exec: {command: [/bin/kill, "1"]}}}\n      env:',
      /start again, over and over/,
    ],
    ['a restart policy', 'env:', 'restartPolicy: Always\n      env:', /`form` decides/],
    ['a port of the node', 'containerPort: 9000', 'containerPort: 9000, hostPort: 9000', /no hostPort/],
    ['a port that is none', 'containerPort: 9000', 'containerPort: 90000', /^22: expected a port/],
    [
      'a variable twice',
      '[{name: MODE,',
      '[{name: MODE, value: x}, {name: MODE,',
      /the variable "MODE" is there twice/,
    ],
    ['a variable that is a number', 'value: "${mode}"', 'value: 1', /put it in quotes/],
    [
      'a mount of nothing',
      'name: state, mountPath',
      'name: stat, mountPath',
      /no such volume in the entry \(there are state/,
    ],
    [
      'two mounts at one place',
      '[{name: state, mountPath: /state}]',
      '[{name: state, mountPath: /a}, {name: state, mountPath: /a}]',
      /the mount "\/a" is there twice/,
    ],
    [
      'two containers of one name',
      'volumes:\n',
      'initContainers:\n  - container: {name: shipper, image: "a:1.0"}\nvolumes:\n',
      /the container "shipper" is there twice/,
    ],
    [
      'a probe on an init container',
      'volumes:\n',
      'initContainers:\n  - container: {name: a, image: "a:1.0", startupProbe: {}}\nvolumes:\n',
      /Kubernetes refuses it/,
    ],
    [
      'a volume of the node',
      'emptyDir: {sizeLimit: 64Mi}',
      'hostPath: {path: /}',
      /no volumes of the kind hostPath/,
    ],
    ['a volume without limit', 'emptyDir: {sizeLimit: 64Mi}', 'emptyDir: {}', /sizeLimit is missing/],
    [
      'two volumes of one name',
      '  - {name: state,',
      '  - {name: state, emptyDir: {sizeLimit: 1Mi}}\n  - {name: state,',
      /the volume "state" is there twice/,
    ],
    ['a folder that is a volume', 'name: logs, path', 'name: state, path', /makes its volume itself/],
    ['a folder that is no path', '/var/log/app', 'var/log', /expected an absolute path/],
    [
      'a file in the root',
      '/etc/shipper/shipper.conf',
      '/shipper.conf',
      /expected an absolute path in a folder/,
    ],
    [
      'a file beside the path',
      '/etc/shipper/shipper.conf',
      '/etc/../shipper.conf',
      /expected an absolute path in a folder/,
    ],
    ['a text that a value breaks out of', 'mode ${mode}', 'note ${note}', /^41: "note" could break out/],
    ['a text that is no list', /content: \[.*/, 'content: a', /expected a list of lines/],
    [
      'a file for nobody',
      'format: text',
      'containers: [ship]\n    format: text',
      /there is no container "ship"/,
    ],
    [
      'another image in Compose',
      'service: {image: docker.io/example/shipper:3.1.4}',
      'service: {image: "docker.io/a:1.2"}',
      /another image than in Kubernetes/,
    ],
    [
      'a misspelt key of Compose',
      'service: {image',
      'service: {healtcheck: {}, image',
      /did you mean "healthcheck"/,
    ],
    [
      'a name for all in Compose',
      'service: {image',
      'service: {container_name: a, image',
      /two applications/,
    ],
    [
      'native containers in old clusters',
      '  - container:',
      '  - form: native\n    container:',
      /^7: a container of form native needs >=1.29/,
    ],
    ['a missing entry', 'compose:', 'requires: [volt]\ncompose:', /there is no entry "volt"/],
    ['itself', 'compose:', 'conflicts: [logs]\ncompose:', /says nothing of itself/],
    ['no sidecar', /containers:\n[\s\S]*volumes:\n/, 'volumes:\n', /there is no sidecar in it/],
  ]
  for (const [what, from, to, message] of wrong)
    test(`may not have ${what}`, () => {
      const text = GOOD.replace(from, () => to)
      assert.notEqual(text, GOOD)
      const all = told(text)
      assert.ok(
        all.some(each => message.test(each)),
        all.join('\n') || 'nothing was told',
      )
      assert.equal(read(text).catalogue.entries.length, 0)
    })

  test('tells all that is wrong at once', () => {
    const text = GOOD.replace('shipper:3.1.4\n', 'shipper\n')
      .replace('cpu: 10m', 'cpu: x')
      .replace('drop: [ALL]', 'drop: []')
    assert.equal(told(text).length, 4)
  })

  test('may lack a field of Pod Security for a reason', () => {
    const text = GOOD.replace('runAsNonRoot: true', 'runAsNonRoot: false').replace(
      'compose:',
      'waivers: [{field: "containers[shipper].securityContext.runAsNonRoot", reason: It must.}]\ncompose:',
    )
    assert.deepEqual(told(text), [])
  })
})

describe('a catalogue', () => {
  const named = (name: string, version: string, more = '') =>
    `${GOOD.replace('name: shipper\nversion: 1.2.0', `name: ${name}\nversion: ${version}`).replace(/aliases:\n.*\n/, '')}${more}`
  const files = (...texts: string[]) => texts.map((text, i) => ({ name: `${i}.yaml`, text }))

  test('holds the good entries of files with bad ones', () => {
    const { catalogue, problems } = readCatalogue([
      { name: 'a.yaml', text: `${named('a', '1.0.0')}---\n${named('b', '1')}` },
      { name: 'b.yaml', text: '\tx: 1' },
    ])
    assert.deepEqual(
      catalogue.entries.map(entry => entry.name),
      ['a'],
    )
    assert.deepEqual(problems.map(({ file }) => file).sort(), ['a.yaml', 'b.yaml'])
  })

  test('finds the newest version that fits, is stable and not deprecated', () => {
    const old = 'deprecated: {reason: old, use: a}\n'
    const { catalogue, problems } = readCatalogue(
      files(
        named('a', '1.9.0'),
        named('a', '1.10.0'),
        named('a', '2.0.0-rc.1'),
        named('a', '3.0.0', old),
        named('b', '1.0.0', old),
      ),
    )
    assert.deepEqual(problems, [])
    const found = (name: string, version?: string) => {
      const result = catalogue.find(name, version)
      return result.ok ? result.entry.version : `${result.message} (${result.hint})`
    }
    assert.equal(found('a'), '1.10.0')
    assert.equal(found('a', '1'), '1.10.0')
    assert.equal(found('a', '1.9'), '1.9.0')
    assert.equal(found('a', '2'), '2.0.0-rc.1')
    assert.equal(found('a', '3'), '3.0.0')
    assert.equal(found('b'), '1.0.0')
    assert.match(
      found('a', '4'),
      /there is no version 4 of "a" \(there are 1.9.0, 1.10.0, 2.0.0-rc.1, 3.0.0\)/,
    )
    assert.match(found('c'), /there is no sidecar "c"/)
  })

  test('finds an entry by an alias, with what that sets', () => {
    const found = read(GOOD).catalogue.find('logs')
    assert.deepEqual(found.ok && [found.entry.name, found.set], ['shipper', { mode: 'fast' }])
    const missed = read(GOOD).catalogue.find('lgos')
    assert.equal(missed.ok === false && missed.hint, 'did you mean "logs"?')
  })

  test('has one entry of a name and version, unless it is the same', () => {
    const two = readCatalogue(files(named('a', '1.0.0'), named('a', '1.0.0').replace('10m', '11m')))
    assert.match(two.problems[0]?.message ?? '', /a@1.0.0 is there already/)
    assert.deepEqual(readCatalogue(files(named('a', '1.0.0'), named('a', '1.0.0'))).problems, [])
  })

  test('comes on top of another, and replaces its entries only when told', () => {
    const base = readCatalogue(files(named('a', '1.0.0'), named('b', '1.0.0'))).catalogue
    const own = files(named('a', '1.0.0').replace('10m', '11m'))
    assert.match(readCatalogue(own, { base }).problems[0]?.message ?? '', /is there already/)
    const { catalogue, problems } = readCatalogue(own, { base, replace: true })
    assert.deepEqual(problems, [])
    assert.deepEqual(
      catalogue.entries.map(each => each.name),
      ['a', 'b'],
    )
    assert.notEqual(catalogue.entries[0]?.hash, base.entries[0]?.hash)
  })

  test('of several layers is one, in which later ones replace entries only when told', () => {
    const layers = [
      { name: 'a.yaml', text: named('a', '1.0.0'), layer: 'ours' },
      { name: 'b.yaml', text: named('a', '1.0.0').replace('10m', '11m'), layer: 'theirs' },
    ]
    assert.match(readCatalogue(layers).problems[0]?.hint ?? '', /allow it to replace/)
    const { catalogue, problems } = readCatalogue(layers, { replace: true })
    assert.deepEqual(problems, [])
    assert.equal(catalogue.entries.length, 1)
    const within = layers.map(file => ({ ...file, layer: 'ours' }))
    assert.equal(readCatalogue(within, { replace: true }).problems.length, 1)
  })

  test('may be a ConfigMap, whose keys are files', () => {
    const map = (data: object) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data })
    const good = readCatalogue(
      files(map({ 'a.yaml': named('a', '1.0.0'), 'b.yml': named('b', '1.0.0'), README: 'x' })),
    )
    assert.deepEqual(good.problems, [])
    assert.deepEqual(
      good.catalogue.entries.map(each => each.name),
      ['a', 'b'],
    )
    const bad = readCatalogue(files(map({ 'a.yaml': named('a', '1') })))
    assert.deepEqual(
      bad.problems.map(({ file, position }) => [file, position?.line]),
      [['0.yaml[a.yaml]', 4]],
    )
    assert.match(readCatalogue(files(map({}))).problems[0]?.message ?? '', /no key that ends in/)
  })

  test('knows its entries when one names another', () => {
    const { problems } = readCatalogue(files(named('a', '1.0.0', 'requires: [b]\n'), named('b', '1.0.0')))
    assert.deepEqual(problems, [])
  })

  test('has each alias once', () => {
    const { problems } = readCatalogue([...files(named('logs', '1.0.0')), { name: 'x.yaml', text: GOOD }])
    assert.match(problems[0]?.message ?? '', /"logs" is logs already/)
  })
})
