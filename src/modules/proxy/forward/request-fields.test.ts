import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderList } from '../../../wire/http1/headers.ts'
import { answerFields } from './answer-fields.ts'
import { type ForwardedMode, hasPassed, requestFields } from './request-fields.ts'

interface Case {
  readonly what: string
  readonly raw: readonly string[]
  readonly expected: readonly string[]
  readonly forwarded?: ForwardedMode
  readonly upgrade?: string
}

const cases: readonly Case[] = [
  {
    what: 'what ends at this hop is left out',
    raw: [
      ...['Connection', 'close', 'Keep-Alive', 'timeout=5', 'Proxy-Connection', 'keep-alive'],
      ...[
        'Proxy-Authorization',
        'x',
        'Upgrade',
        'h2c',
        'HTTP2-Settings',
        'x',
        'Transfer-Encoding',
        'chunked',
      ],
    ],
    expected: [],
  },
  {
    what: 'what Connection lists is left out',
    raw: ['Connection', 'X-Mine, keep-alive', 'x-mine', '1', 'X-Other', '2'],
    expected: ['X-Other', '2'],
  },
  {
    what: 'a client cannot list what protects others',
    raw: [
      ...['Connection', 'Authorization, Content-Length, Cookie, X-Real-IP, Outrigger-Id'],
      ...['Authorization', 'a', 'Content-Length', '3', 'Cookie', 'c', 'X-Real-IP', 'i', 'Outrigger-Id', 'o'],
    ],
    expected: [
      'Authorization',
      'a',
      'Content-Length',
      '3',
      'Cookie',
      'c',
      'X-Real-IP',
      'i',
      'Outrigger-Id',
      'o',
    ],
  },
  {
    what: 'TE keeps what gRPC needs',
    raw: ['te', 'gzip, trailers'],
    expected: ['te', 'trailers', 'Connection', 'TE'],
  },
  { what: 'TE without trailers goes', raw: ['TE', 'gzip'], expected: [] },
  { what: "a client's claim to a certificate goes", raw: ['X-Forwarded-Client-Cert', 'x'], expected: [] },
  {
    what: 'names keep their case and order, and a name may come twice',
    raw: ['x-B', '1', 'X-a', '2', 'X-b', '3'],
    expected: ['x-B', '1', 'X-a', '2', 'X-b', '3'],
  },
  {
    what: 'an upgrade is asked for anew',
    raw: ['Connection', 'Upgrade', 'Upgrade', 'websocket'],
    upgrade: 'websocket',
    expected: ['Connection', 'upgrade', 'Upgrade', 'websocket'],
  },
]

for (const { what, raw, expected, upgrade } of cases)
  test(what, () => {
    assert.deepEqual(fields(raw, 'keep', upgrade), ['Host', 'a.test', ...expected])
  })

const OURS = ['X-Forwarded-For', '10.0.0.9', 'X-Forwarded-Proto', 'http', 'X-Forwarded-Host', 'a.test']
const THEIRS = ['X-Forwarded-For', '1.1.1.1', 'x-forwarded-for', '2.2.2.2', 'X-Forwarded-Proto', 'https']
const forwarded: readonly [mode: ForwardedMode, raw: readonly string[], expected: readonly string[]][] = [
  ['append', [], OURS],
  [
    'append',
    THEIRS,
    [
      ...['X-Forwarded-Proto', 'https', 'X-Forwarded-For', '1.1.1.1, 2.2.2.2, 10.0.0.9'],
      ...['X-Forwarded-Host', 'a.test'],
    ],
  ],
  ['replace', [...THEIRS, 'Forwarded', 'for=1.1.1.1'], OURS],
  ['keep', THEIRS, THEIRS],
  [
    'append',
    ['Connection', 'X-Forwarded-For', 'X-Forwarded-For', '1.1.1.1'],
    [...['X-Forwarded-For', '1.1.1.1, 10.0.0.9', 'X-Forwarded-Proto', 'http', 'X-Forwarded-Host', 'a.test']],
  ],
]

for (const [mode, raw, expected] of forwarded)
  test(`X-Forwarded-*, ${mode}: ${raw.length === 0 ? 'none' : raw.join(' ')}`, () => {
    assert.deepEqual(fields(raw, mode), ['Host', 'a.test', ...expected])
  })

test('Via names this hop after the others, and a request that has passed is known by it', () => {
  const hop = { forwarded: 'keep', clientCert: 'sanitize', via: '1.1 me' } as const
  const message = {
    host: 'a',
    askedHost: 'a',
    peerAddress: '::1',
    tls: undefined,
    upgrade: undefined,
    chunked: false,
  }
  const headers = new HeaderList(['Via', '1.0 fred', 'via', '1.1 joe (x)'])
  assert.equal(hasPassed(headers, hop), false)
  const forwardedOnce = requestFields({ ...message, headers }, hop)
  assert.equal(forwardedOnce.get('via'), '1.0 fred, 1.1 joe (x), 1.1 me')
  assert.equal(hasPassed(forwardedOnce, hop), true)
  assert.equal(hasPassed(forwardedOnce, { ...hop, via: undefined }), false)
})

test('an answer loses what ends at this hop, and gets a Date when it has none', () => {
  const answer = (raw: string[]) => answerFields(new HeaderList(raw), () => 'now').raw
  assert.deepEqual(answer(['Connection', 'X-Hop', 'x-hop', '1', 'Keep-Alive', 'a', 'ETag', 'b']), [
    ...['ETag', 'b', 'Date', 'now'],
  ])
  assert.deepEqual(answer(['date', 'then']), ['date', 'then'])
})

const cert = (...values: string[]) => values.flatMap(value => ['X-Forwarded-Client-Cert', value])
const known = { alpn: '', sni: '', certified: true, description: 'Hash=1' }
const unknown = { alpn: '', sni: '', certified: false }

for (const [mode, sent, tls, expected] of [
  ['sanitize', cert('Hash=evil'), undefined, []],
  ['sanitize', cert('Hash=evil'), known, []],
  ['sanitize_set', cert('Hash=evil'), known, cert('Hash=1')],
  ['sanitize_set', cert('Hash=evil'), unknown, []],
  ['append_forward', cert('Hash=a', 'Hash=b'), known, cert('Hash=a,Hash=b,Hash=1')],
  ['append_forward', cert('Hash=evil'), unknown, []],
  ['append_forward', cert('Hash=evil'), undefined, []],
  ['forward_only', cert('Hash=a'), known, cert('Hash=a')],
  ['forward_only', cert('Hash=evil'), unknown, []],
  ['always_forward_only', cert('Hash=a'), undefined, cert('Hash=a')],
] as const)
  test(`X-Forwarded-Client-Cert, ${mode}, from a client ${tls === known ? 'with' : 'without'} a certificate`, () => {
    const message = { host: 'a', askedHost: 'a', peerAddress: '::1', tls, upgrade: undefined, chunked: false }
    const hop = { forwarded: 'keep', clientCert: mode, via: undefined } as const
    assert.deepEqual(
      requestFields({ ...message, headers: new HeaderList([...sent]) }, hop).raw.slice(2),
      expected,
    )
  })

function fields(raw: readonly string[], mode: ForwardedMode, upgrade?: string): string[] {
  return requestFields(
    {
      headers: new HeaderList([...raw]),
      host: 'a.test',
      askedHost: 'a.test',
      peerAddress: '10.0.0.9',
      tls: undefined,
      upgrade,
      chunked: false,
    },
    { forwarded: mode, clientCert: 'sanitize', via: undefined },
  ).raw
}
