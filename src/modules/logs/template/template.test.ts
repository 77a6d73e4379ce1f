import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeSlice } from '../outputs/output-fakes.ts'
import { checkTemplate, parseTemplate, type TemplateRules } from './parse.ts'
import { compileTemplate, RecordView } from './template.ts'

const record = {
  app: 'shop',
  status: 500,
  gone: null,
  empty: '',
  flags: [1, 2],
  kubernetes: { pod_name: 'shop-1', labels: { 'app.kubernetes.io/name': 'shop' } },
}

function render(text: string, rules: TemplateRules = { times: true }): string | undefined {
  const { batch } = fakeSlice([record]).frame
  const origin = { input: 'tail', path: '/var/log/app.log', tag: 'kube.var.log.shop' }
  const view = new RecordView().at({ ...batch, origin }, 0)
  return compileTemplate(text, { hostname: 'node-1' }, rules).render(view)
}

describe('a template', () => {
  const table: [string, string | undefined][] = [
    ['plain', 'plain'],
    ['', ''],
    ['a-{app}-z', 'a-shop-z'],
    ['{kubernetes.pod_name}', 'shop-1'],
    ['{kubernetes.labels."app.kubernetes.io/name"}', 'shop'],
    ['{status}', '500'],
    ['{flags}', '[1,2]'],
    ['{nothing}', undefined],
    ['{gone}', undefined],
    ['{empty}', undefined],
    ['{app.deeper}', undefined],
    ['{nothing|app}', 'shop'],
    ['{ nothing | "none of it" }', 'none of it'],
    ["{nothing|'|}'}", '|}'],
    ['{$tag}', 'kube.var.log.shop'],
    ['{$tag[0]}/{$tag[-1]}', 'kube/shop'],
    ['{$tag[9]}', undefined],
    ['{$tag[9]|$input}', 'tail'],
    ['{$path}', '/var/log/app.log'],
    ['{$hostname}', 'node-1'],
    ['{%Y.%m.%d}-%H', '2026.01.02-03'],
    ['{{app}} 100%%', '{app} 100%'],
  ]
  for (const [text, expected] of table) {
    test(`${JSON.stringify(text)} gives ${JSON.stringify(expected)}`, () =>
      assert.equal(render(text), expected))
  }

  test('leaves a percent sign alone where times stand in braces only', () => {
    assert.equal(render('/a%20b/{%Y}', {}), '/a%20b/2026')
  })

  test('is fixed when every record gives the same', () => {
    const fixed = (text: string) => compileTemplate(text, { hostname: 'node-1' }, { times: true }).fixed
    assert.equal(fixed('a-{$hostname}'), 'a-node-1')
    assert.equal(fixed('{"a"}b'), 'ab')
    for (const text of ['{app}', '{$tag}', '%Y', '{app|"x"}']) assert.equal(fixed(text), undefined, text)
  })

  test('cleans what a record brings, and takes what is left empty for missing', () => {
    const clean = (value: string) => value.replace(/[^0-9]/g, '')
    const { batch } = fakeSlice([{ a: 'x1/2', b: '../' }]).frame
    const view = new RecordView().at(batch, 0)
    const template = compileTemplate('/{b|a}', { hostname: '', clean })
    assert.equal(template.render(view), '/12')
  })

  const faults: [string, RegExp][] = [
    ['a{', /column 3: expected the name of a field/],
    ['a}', /column 2: expected "}}"/],
    ['{a', /column 3: expected "\|" or "}", got the end/],
    ['{a b}', /column 4: expected "\|" or "}", got "b"/],
    ['{"a}', /column 5: expected a closing "/],
    ['{$host}', /column 2: expected one of \$tag, \$input, \$path, \$hostname or \$tag\[0\], got \$host/],
    ['{$uuid}', /got \$uuid/],
    ['x{%Q}', /column 3: %Q stands for no part of a time/],
    ['x%Q', /column 2: %Q stands for no part of a time/],
    ['{%Y', /expected a closing }/],
  ]
  for (const [text, message] of faults) {
    test(`${JSON.stringify(text)} is told with its place`, () => {
      const [problem] = checkTemplate(text, ['index'], { times: true })
      assert.match(problem?.message ?? '', message)
    })
  }

  test('must have a text of last resort where a name must not be missing', () => {
    const complete = (text: string) => checkTemplate(text, ['index'], { complete: true }).length === 0
    assert.ok(complete('a-{b|"c"}') && complete('{$tag}') && complete('{%Y}'))
    assert.ok(!complete('{b}') && !complete('{b|$tag[1]}'))
  })

  test('knows further names where they have a meaning', () => {
    assert.ok(Array.isArray(parseTemplate('{$uuid}', { names: ['uuid'] })))
  })
})
