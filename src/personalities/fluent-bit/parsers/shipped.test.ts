import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readFurther } from '../syntax/read.ts'
import { readParsers } from './parsers.ts'
import { shippedParsers } from './shipped.ts'

const nowhere = { read: () => undefined, glob: () => [] }
const place = { file: 'main.conf', line: 2, column: 3 }

function read(path: string, found: Readonly<Record<string, string>> = {}) {
  const files = { ...nowhere, read: (path: string) => found[path] }
  const options = { files, cwd: '/', environment: () => undefined, shipped: shippedParsers }
  const { document, findings } = readFurther([{ value: path, place }], '/etc/fb', options)
  const problems = [...findings]
  return { parsers: readParsers(document.parsers, problems), problems }
}

const SAMPLES: readonly [parser: string, line: string, fields: Readonly<Record<string, string>>][] = [
  [
    'apache',
    '10.0.0.1 - ann [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.0" 200 23',
    {
      host: '10.0.0.1',
      user: 'ann',
      time: '10/Oct/2000:13:55:36 -0700',
      method: 'GET',
      path: '/a?b=c',
      code: '200',
      size: '23',
    },
  ],
  [
    'apache2',
    '::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 304 - "-" "a "quoted" agent"',
    {
      host: '::1',
      user: '-',
      time: '10/Oct/2000:13:55:36 -0700',
      method: 'GET',
      path: '/',
      code: '304',
      size: '-',
      referer: '-',
      agent: 'a "quoted" agent',
    },
  ],
  [
    'apache_error',
    '[Wed Oct 11 14:32:52 2000] [error] [pid 12] [client 10.0.0.1] denied',
    { time: 'Oct 11 14:32:52 2000', level: 'error', pid: '12', client: '10.0.0.1', message: 'denied' },
  ],
  [
    'nginx',
    '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "POST /x HTTP/2.0" 201 5 "http://a/" "curl/8"',
    {
      remote: '10.0.0.1',
      host: '-',
      user: '-',
      time: '10/Oct/2000:13:55:36 +0000',
      method: 'POST',
      path: '/x',
      code: '201',
      size: '5',
      referer: 'http://a/',
      agent: 'curl/8',
    },
  ],
  [
    'k8s-nginx-ingress',
    '10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 12 "-" "curl" 73 0.001 [shop-web-80] [] 10.0.0.2:80 12 0.001 200 4f',
    {
      host: '10.0.0.1',
      user: '-',
      time: '10/Oct/2000:13:55:36 +0000',
      method: 'GET',
      path: '/',
      code: '200',
      size: '12',
      referer: '-',
      agent: 'curl',
      request_length: '73',
      request_time: '0.001',
      proxy_upstream_name: 'shop-web-80',
      proxy_alternative_upstream_name: '',
      upstream_addr: '10.0.0.2:80',
      upstream_response_length: '12',
      upstream_response_time: '0.001',
      upstream_status: '200',
      reg_id: '4f',
    },
  ],
  [
    'docker-daemon',
    'time="2020-01-01T00:00:00.5Z" level=info msg="it runs now"',
    { time: '2020-01-01T00:00:00.5Z', level: 'info', msg: 'it runs now' },
  ],
  [
    'syslog-rfc5424',
    '<165>1 2003-10-11T22:14:15.003Z host app 8 ID47 [x@1 a="b"] an event',
    {
      pri: '165',
      time: '2003-10-11T22:14:15.003Z',
      host: 'host',
      ident: 'app',
      pid: '8',
      msgid: 'ID47',
      extradata: '[x@1 a="b"]',
      message: 'an event',
    },
  ],
  [
    'syslog-rfc3164-local',
    '<34>Oct  1 22:14:15 su: failed',
    { pri: '34', time: 'Oct  1 22:14:15', ident: 'su', message: 'failed' },
  ],
  [
    'syslog-rfc3164',
    "<34>Oct 11 22:14:15 box su[12]: 'su root' failed",
    { pri: '34', time: 'Oct 11 22:14:15', host: 'box', ident: 'su', pid: '12', message: "'su root' failed" },
  ],
  [
    'mongodb',
    '2014-11-03T18:28:32.450-0500 I NETWORK [listen] waiting 12ms',
    {
      time: '2014-11-03T18:28:32.450-0500',
      severity: 'I',
      component: 'NETWORK',
      context: 'listen',
      message: 'waiting',
      ms: '12',
    },
  ],
  [
    'envoy',
    '[2016-04-15T20:17:00.310Z] "POST /api HTTP/2" 204 - 154 0 226 100 "10.0.0.1" "curl" "id-1" "shop" "10.0.0.2:80"',
    {
      start_time: '2016-04-15T20:17:00.310Z',
      method: 'POST',
      path: '/api',
      protocol: 'HTTP/2',
      code: '204',
      response_flags: '-',
      bytes_received: '154',
      bytes_sent: '0',
      duration: '226',
      x_envoy_upstream_service_time: '100',
      x_forwarded_for: '10.0.0.1',
      user_agent: 'curl',
      request_id: 'id-1',
      authority: 'shop',
      upstream_host: '10.0.0.2:80',
    },
  ],
  [
    'istio-envoy-proxy',
    '[2020-11-25T21:26:18.409Z] "GET /s HTTP/1.1" 418 - via_upstream - "-" 0 135 4 3 "-" "curl" "id" "web:80" "127.0.0.1:80" inbound|80|| 127.0.0.1:4 10.0.0.1:80 10.0.0.2:9 - default',
    {
      start_time: '2020-11-25T21:26:18.409Z',
      method: 'GET',
      path: '/s',
      protocol: 'HTTP/1.1',
      code: '418',
      response_flags: '-',
      response_code_details: 'via_upstream',
      connection_termination_details: '-',
      upstream_transport_failure_reason: '"-"',
      bytes_received: '0',
      bytes_sent: '135',
      duration: '4',
      x_envoy_upstream_service_time: '3',
      x_forwarded_for: '-',
      user_agent: 'curl',
      request_id: 'id',
      authority: 'web:80',
      upstream_host: '127.0.0.1:80',
      upstream_cluster: 'inbound|80||',
      upstream_local_address: '127.0.0.1:4',
      downstream_local_address: '10.0.0.1:80',
      downstream_remote_address: '10.0.0.2:9',
      requested_server_name: '-',
      route_name: 'default',
    },
  ],
  [
    'cri',
    '2020-02-02T02:02:02.123456789Z stderr P part of it',
    { time: '2020-02-02T02:02:02.123456789Z', stream: 'stderr', logtag: 'P', message: 'part of it' },
  ],
  [
    'kube-custom',
    `kube.shop-1_default_app-${'ab'.repeat(32)}.log`,
    {
      tag: 'kube',
      pod_name: 'shop-1',
      namespace_name: 'default',
      container_name: 'app',
      docker_id: 'ab'.repeat(32),
    },
  ],
]

describe('the parsers that Fluent Bit brings', () => {
  for (const [name, line, fields] of SAMPLES)
    it(`${name} reads its line`, () => {
      const { parsers, problems } = read('/fluent-bit/etc/parsers.conf')
      assert.deepEqual(problems, [])
      const groups = new RegExp(parsers.get(name)!.pattern!).exec(line)?.groups ?? {}
      const given = Object.entries(groups).filter(([, text]) => text !== undefined)
      assert.deepEqual(Object.fromEntries(given), fields)
    })

  it('leave the word to a file of that name', () => {
    const { parsers } = read('parsers.conf', {
      '/etc/fb/parsers.conf': '[PARSER]\n  Name own\n  Format json\n',
    })
    assert.deepEqual([...parsers.keys()], ['own'])
  })

  it('do not stand for files of other names', () => {
    assert.match(read('mine.conf').problems[0].message, /mine\.conf cannot be read/)
  })
})
