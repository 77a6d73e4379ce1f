import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordsOf } from '../../lines-fake.ts'
import { processorOf } from '../../processor-fake.ts'
import { DETECTORS, type DetectorName, detectorOf } from './detectors.ts'

const FOUND: Readonly<Record<DetectorName, readonly string[]>> = {
  card: [
    '4111 1111 1111 1111',
    '5500-0000-0000-0004',
    '340000000000009',
    '6011000000000004',
    '2223003122003222',
  ],
  email: ['jo.doe+x@mail.example.org', "o'brien@example.ie"],
  jwt: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P'],
  token: [
    'Bearer abcdefghijklmnop',
    `ghp_${'a1'.repeat(18)}`,
    'xoxb-1234567890-abc',
    `AIza${'x'.repeat(35)}`,
  ],
  aws_key: ['AKIAIOSFODNN7EXAMPLE', `aws_secret_access_key=${'a/+B'.repeat(10)}`],
  ipv4: ['10.0.0.255'],
  ipv6: ['2001:db8::1', '::ffff:10.0.0.1', 'fe80::1:2:3:4'],
}
const PASSED_OVER: Readonly<Record<DetectorName, readonly string[]>> = {
  card: ['4111 1111 1111 1112', '1764000000000', '0000000000000000', '41111111111111111111111'],
  email: ['@example.org', 'a@b', 'user at example.org'],
  jwt: ['eyJhbGciOiJIUzI1NiJ9', 'eyJ.eyJ.x'],
  token: ['bearer of news', 'a-b-c', 'sk-short'],
  aws_key: ['AKIA', 'secretary_key=abc'],
  ipv4: ['256.1.1.1', '1.2.3', 'v1.2.3.4567'],
  ipv6: ['12:30:45', 'a::b::c', 'std::vector'],
}

function redacted(step: object, line: string): string {
  return recordsOf(processorOf({}, [{ redact: step }]).process(line))[0]
}

describe('a detector', () => {
  for (const name of DETECTORS) {
    for (const text of FOUND[name])
      it(`finds ${text} as ${name}, and nothing around it`, () =>
        assert.equal(
          redacted({ detect: [name], mask: '#' }, `{"m":"see ${text}, please"}`),
          '{"m":"see #, please"}',
        ))
    for (const text of PASSED_OVER[name])
      it(`does not take ${text} for ${name}`, () =>
        assert.equal(redacted({ detect: [name] }, `{"m":"see ${text} ok"}`), `{"m":"see ${text} ok"}`))

    it(`of ${name} is not held up by text made for it`, () => {
      const { regex } = detectorOf(name)
      for (const piece of [
        '4111',
        'a@',
        'eyJ-',
        'Bearer ',
        'AKIA',
        '1.',
        ':',
        'a',
        'x.',
        'sk-',
        'secret_key=',
      ])
        assert.equal(typeof piece.repeat(30_000).replace(regex, '#'), 'string')
    })
  }

  it('works beside others, at any depth, on numbers too', () => {
    const step = { detect: ['card', 'email'], mask: '#' }
    assert.equal(
      redacted(step, '{"a":[{"b":"x@y.org and 4111111111111111"}],"c":4111111111111111,"x@y.org":1}'),
      '{"a":[{"b":"# and #"}],"c":"#","x@y.org":1}',
    )
  })
})

describe('names', () => {
  it('redact whole values at any depth, whatever they are', () => {
    const step = { names: ['password', '*_token', '/^[Ss]ecret$/'], mask: '#' }
    assert.equal(
      redacted(
        step,
        '{"password":{"a":[1]},"u":[{"my_token" : null,"Secret":"x","name":"password"}],"passwords":1}',
      ),
      '{"password":"#","u":[{"my_token" : "#","Secret":"#","name":"password"}],"passwords":1}',
    )
  })

  it('can be meant inside some fields only', () => {
    assert.equal(
      redacted({ fields: ['a'], names: ['p'], mask: '#' }, '{"a":{"p":1,"q":2},"p":3}'),
      '{"a":{"p":"#","q":2},"p":3}',
    )
  })
})

describe('the mask', () => {
  it('can leave the last characters, but not of what is short', () => {
    const step = { fields: ['a', 'b'], mask: '****', keepLast: 4 }
    assert.equal(redacted(step, '{"a":"4111111111111111","b":"secret"}'), '{"a":"****1111","b":"****"}')
  })
})
