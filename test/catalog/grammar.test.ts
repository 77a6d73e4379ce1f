// Generated configuration files of programs that cannot be started here, against their documented grammar.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { at, type Json } from '../../src/manifests/json.ts'
import { entryNamed, fileOf, type Rendered, rendered, textsOf } from './entries.ts'
import { FLAGS, FLUENT_BIT, OPA, PGBOUNCER, STATSD, VAULT_AGENT } from './grammar.ts'

type Mapping = Readonly<Record<string, unknown>>

function knows(value: unknown, known: readonly string[], where: string): void {
  const strange = Object.keys((value ?? {}) as object).filter(key => !known.includes(key))
  assert.deepEqual(strange, [], where)
}

function always(
  name: string,
  holds: (result: Rendered, texts: Readonly<Record<string, string>>) => void,
): void {
  const entry = entryNamed(name)
  test(`${name}: for whatever a pod asks`, () => {
    fc.assert(
      fc.property(textsOf(entry), texts => holds(rendered(entry, texts), texts)),
      { numRuns: 60 },
    )
  })
}

describe('files', () => {
  always('fluent-bit', (result, { output = 'stdout' }) => {
    const config = parse(fileOf(result, 'fluent-bit.yaml'))
    knows(config, FLUENT_BIT.top, 'top')
    knows(config.service, FLUENT_BIT.service, 'service')
    for (const parser of config.parsers) knows(parser, FLUENT_BIT.parser, 'parser')
    const parsers = config.parsers.map((parser: Mapping) => parser['name'])
    for (const input of config.pipeline.inputs) {
      knows(input, FLUENT_BIT.tail, 'tail')
      if (input.parser !== undefined) assert.ok(parsers.includes(input.parser))
    }
    const [sink] = config.pipeline.outputs
    assert.equal(sink.name, output)
    knows(sink, [...FLUENT_BIT.output, ...FLUENT_BIT[output as 'es']], output)
    if (output !== 'stdout') assert.ok(sink.host && sink.retry_limit === 'no_limits')
  })

  always('vault-agent', (result, texts) => {
    const config = JSON.parse(fileOf(result, 'agent.json'))
    knows(config, VAULT_AGENT.top, 'top')
    knows(config.vault, VAULT_AGENT.vault, 'vault')
    knows(config.auto_auth.method, VAULT_AGENT.method, 'method')
    knows(config.template_config, VAULT_AGENT.templateConfig, 'template_config')
    for (const template of config.template) {
      knows(template, VAULT_AGENT.template, 'template')
      assert.match(
        template.contents,
        /^\{\{ with secret "[^"]+" \}\}\{\{ \.Data[\w.]*(?: \| toJSON)? \}\}\{\{ end \}\}$/,
      )
    }
    const secrets = JSON.parse(texts['secrets']!) as unknown[]
    assert.equal(config.template.length, secrets.length)
  })

  always('opa', result => {
    const config = parse(fileOf(result, 'opa.yaml'))
    knows(config, OPA.top, 'top')
    for (const service of Object.values(config.services ?? {})) knows(service, OPA.service, 'service')
    for (const bundle of Object.values((config.bundles ?? {}) as Record<string, Mapping>)) {
      knows(bundle, OPA.bundle, 'bundle')
      assert.ok(Object.hasOwn(config.services, String(bundle['service'])))
      const { min_delay_seconds: min, max_delay_seconds: max } = bundle['polling'] as Record<string, number>
      assert.ok(min! <= max!)
    }
    const args = argsOf(result)
    assert.ok(config.bundles !== undefined || args.includes('/policies'), 'there is some policy')
  })

  always('otel-collector', result => {
    const config = parse(fileOf(result, 'config.yaml'))
    knows(config, ['extensions', 'receivers', 'processors', 'exporters', 'connectors', 'service'], 'top')
    knows(config.service, ['extensions', 'telemetry', 'pipelines'], 'service')
    const used = new Set<string>()
    assert.ok(Object.keys(config.service.pipelines).length > 0)
    for (const [name, pipeline] of Object.entries(
      config.service.pipelines as Record<string, Record<string, string[]>>,
    )) {
      knows(pipeline, ['receivers', 'processors', 'exporters'], name)
      for (const kind of ['receivers', 'processors', 'exporters']) {
        assert.ok(pipeline[kind]!.length > 0, `${name} has ${kind}`)
        for (const each of pipeline[kind]!) {
          assert.ok(Object.hasOwn(config[kind], each), `${kind}.${each} is defined`)
          used.add(`${kind}.${each}`)
        }
      }
      assert.equal(pipeline['processors']![0], 'memory_limiter')
    }
    for (const kind of ['receivers', 'exporters'])
      for (const each of Object.keys(config[kind]))
        assert.ok(used.has(`${kind}.${each}`), `${kind}.${each} is used`)
    for (const each of config.service.extensions) assert.ok(Object.hasOwn(config.extensions, each))
  })

  always('statsd-exporter', result => {
    const config = parse(fileOf(result, 'mapping.yaml'))
    knows(config, STATSD.top, 'top')
    knows(config.defaults, STATSD.defaults, 'defaults')
    for (const mapping of config.mappings) knows(mapping, STATSD.mapping, 'mapping')
  })

  always('dapr', result => {
    const config = parse(fileOf(result, 'config.yaml'))
    assert.equal(config.kind, 'Configuration')
    knows(
      config.spec,
      [
        'tracing',
        'metric',
        'mtls',
        'httpPipeline',
        'nameResolution',
        'secrets',
        'api',
        'features',
        'logging',
      ],
      'spec',
    )
    assert.equal(typeof config.spec.tracing.samplingRate, 'string')
  })

  always('pgbouncer', result => {
    let section = ''
    for (const line of fileOf(result, 'pgbouncer.ini').split('\n').filter(Boolean)) {
      const head = /^\[(\w+)\]$/.exec(line)?.[1]
      if (head !== undefined) {
        section = head
        continue
      }
      const [, key = '', value = ''] = /^(\S+) = ?(.*)$/.exec(line) ?? []
      if (section === 'databases') assert.match(value, /^host=[\w.-]+ port=\d+$/)
      else assert.ok((PGBOUNCER as readonly string[]).includes(key), line)
    }
    assert.equal(section, 'pgbouncer')
  })
})

describe('options', () => {
  for (const name of Object.keys(FLAGS))
    always(name, result => {
      const options = argsOf(result).filter(arg => arg.startsWith('-'))
      const names = options.map(option => option.replace(/^--?/, '').replace(/=.*$/s, ''))
      assert.deepEqual(
        names.filter(each => !FLAGS[name]!.includes(each)),
        [],
      )
    })
})

function argsOf({ containers }: Rendered): string[] {
  const args = at(containers[0]!.container as Json, ['args'])
  return Array.isArray(args) ? args.map(String) : []
}
