import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodedAccess } from './access-fake.ts'
import { checkAccess } from './check.ts'
import { otherwiseOf } from './otherwise.ts'

const rule = (action: string) => ({ name: action, action })
const jwt = { issuers: [{ issuer: 'https://i', keys: { file: 'a.json' } }] }

describe('what no rule matches', () => {
  const table: [what: string, config: object, proved: string | undefined, unproved: string | undefined][] = [
    ['without anything', {}, undefined, undefined],
    ['beside an audit rule', { rules: [rule('audit')] }, undefined, undefined],
    ['beside the module policy', { policy: true }, undefined, undefined],
    ['beside an allow rule', { rules: [rule('allow')] }, 'denied', 'denied'],
    ['beside a deny rule', { rules: [rule('deny')] }, 'denied', 'denied'],
    [
      'with otherwise: allow',
      { rules: [rule('deny'), rule('allow')], otherwise: 'allow' },
      undefined,
      undefined,
    ],
    ['with otherwise: deny', { otherwise: 'deny' }, 'denied', 'denied'],
    ['beside issuers', { jwt }, undefined, 'unauthenticated'],
    ['beside issuers and a deny rule', { jwt, rules: [rule('deny')] }, undefined, 'unauthenticated'],
    ['beside issuers and an audit rule', { jwt, rules: [rule('audit')] }, undefined, 'unauthenticated'],
    ['beside issuers and an allow rule', { jwt, rules: [rule('allow')] }, 'denied', 'denied'],
    ['beside issuers, with otherwise: allow', { jwt, otherwise: 'allow' }, undefined, undefined],
    ['beside issuers, with otherwise: deny', { jwt, otherwise: 'deny' }, 'denied', 'denied'],
  ]
  for (const [what, config, proved, unproved] of table)
    test(`${what}: ${proved ?? 'passes'} with a token, ${unproved ?? 'passes'} without`, () => {
      const found = otherwiseOf(decodedAccess(config))
      assert.deepEqual([found.proved.refusal?.code, found.unproved.refusal?.code], [proved, unproved])
    })
})

describe('rules that nothing would ever pass', () => {
  const table: [what: string, config: object, told: boolean][] = [
    ['deny rules alone', { rules: [rule('deny')] }, true],
    ['deny rules beside an audit rule', { rules: [rule('deny'), rule('audit')] }, true],
    ['deny rules beside the module policy', { rules: [rule('deny')], policy: true }, true],
    ['deny rules with a word on the rest', { rules: [rule('deny')], otherwise: 'allow' }, false],
    ['a word that says so', { rules: [rule('deny')], otherwise: 'deny' }, false],
    ['deny rules beside an allow rule', { rules: [rule('deny'), rule('allow')] }, false],
    ['deny rules beside issuers', { rules: [rule('deny')], jwt }, false],
    ['an audit rule', { rules: [rule('audit')] }, false],
    ['no rules', {}, false],
  ]
  for (const [what, config, told] of table)
    test(`${what} ${told ? 'are a mistake' : 'are none'}`, () => {
      const problems = checkAccess(decodedAccess(config), ['access'])
      assert.deepEqual(
        problems,
        told
          ? [
              {
                path: ['access', 'rules'],
                message: 'there are only deny rules: what no rule allows is denied, so nothing would pass',
                hint: 'add an allow rule, or write otherwise: allow',
              },
            ]
          : [],
      )
    })
})
