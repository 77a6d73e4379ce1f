import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesOf, recordsOf } from '../lines-fake.ts'
import { processorOf } from '../processor-fake.ts'

const CLF = '10.0.0.1 - joe [02/Jan/2026:03:04:05 +0100]'
const ENVOY = '[2026-01-02T03:04:05.678Z] "POST /api HTTP/2" 204'

const cases: [options: object, line: string, time: string, record: object][] = [
  [
    { format: 'apache' },
    `${CLF} "GET /a?b=c HTTP/1.0" 200 2326`,
    '2026-01-02T02:04:05.000Z',
    {
      client: '10.0.0.1',
      user: 'joe',
      time: '02/Jan/2026:03:04:05 +0100',
      method: 'GET',
      path: '/a?b=c',
      protocol: 'HTTP/1.0',
      status: 200,
      bytes_sent: 2326,
    },
  ],
  [
    { format: 'nginx' },
    `${CLF} "GET /a\\"b\\x22\\q HTTP/1.1" 304 - "http://x/" "Mozilla (a; b)" "1.2.3.4" 0.003`,
    '2026-01-02T02:04:05.000Z',
    {
      client: '10.0.0.1',
      user: 'joe',
      time: '02/Jan/2026:03:04:05 +0100',
      method: 'GET',
      path: '/a"b"\\q',
      protocol: 'HTTP/1.1',
      status: 304,
      referrer: 'http://x/',
      user_agent: 'Mozilla (a; b)',
      extra: '"1.2.3.4" 0.003',
    },
  ],
  [
    { format: 'nginx' },
    `${CLF} "\\x16\\x03" 400 157 "-" "-"`,
    '2026-01-02T02:04:05.000Z',
    {
      client: '10.0.0.1',
      user: 'joe',
      time: '02/Jan/2026:03:04:05 +0100',
      request: '\x16\x03',
      status: 400,
      bytes_sent: 157,
    },
  ],
  [
    { format: 'nginx_error' },
    '2026/01/02 03:04:05 [error] 123#456: *789 open() "/x" failed, 2, client: 10.0.0.1, server: a.b, request: "GET /x HTTP/1.1", upstream: "http://u/", host: "a.b", referrer: "http://r/"',
    '2026-01-02T03:04:05.000Z',
    {
      time: '2026/01/02 03:04:05',
      level: 'error',
      pid: 123,
      tid: 456,
      connection: 789,
      message: 'open() "/x" failed, 2',
      client: '10.0.0.1',
      server: 'a.b',
      request: 'GET /x HTTP/1.1',
      upstream: 'http://u/',
      host: 'a.b',
      referrer: 'http://r/',
    },
  ],
  [
    { format: 'nginx_error', time: { zone: 'Europe/Berlin' } },
    '2026/07/02 03:04:05 [notice] 1#1: using the "epoll" event method',
    '2026-07-02T01:04:05.000Z',
    {
      time: '2026/07/02 03:04:05',
      level: 'notice',
      pid: 1,
      tid: 1,
      message: 'using the "epoll" event method',
    },
  ],
  [
    { format: 'apache_error' },
    '[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35:tid 43] [client 10.0.0.1:52] AH00128: File does not exist: /x',
    '2011-09-09T10:42:29.902Z',
    {
      time: 'Fri Sep 09 10:42:29.902022 2011',
      module: 'core',
      level: 'error',
      pid: 35,
      tid: 43,
      client: '10.0.0.1:52',
      code: 'AH00128',
      message: 'File does not exist: /x',
    },
  ],
  [
    { format: 'apache_error' },
    '[Fri Sep 09 10:42:29 2011] [notice] caught SIGTERM',
    '2011-09-09T10:42:29.000Z',
    { time: 'Fri Sep 09 10:42:29 2011', level: 'notice', message: 'caught SIGTERM' },
  ],
  [
    { format: 'envoy' },
    `${ENVOY} - 154 0 226 100 "10.0.35.28" "agent" "id" "locations" "tcp://10.0.2.1:80"`,
    '2026-01-02T03:04:05.678Z',
    {
      time: '2026-01-02T03:04:05.678Z',
      method: 'POST',
      path: '/api',
      protocol: 'HTTP/2',
      status: 204,
      bytes_received: 154,
      bytes_sent: 0,
      duration_ms: 226,
      upstream_ms: 100,
      forwarded_for: '10.0.35.28',
      user_agent: 'agent',
      request_id: 'id',
      host: 'locations',
      endpoint: 'tcp://10.0.2.1:80',
    },
  ],
  [
    { format: 'envoy' },
    `${ENVOY} UF via_upstream - "reset" 0 135 4 - "-" "agent" "id" "h:80" "127.0.0.1:80" inbound|80|| 127.0.0.1:4 10.0.0.2:80 10.0.0.3:3 a.b default`,
    '2026-01-02T03:04:05.678Z',
    {
      time: '2026-01-02T03:04:05.678Z',
      method: 'POST',
      path: '/api',
      protocol: 'HTTP/2',
      status: 204,
      flags: 'UF',
      detail: 'via_upstream',
      upstream_failure: 'reset',
      bytes_received: 0,
      bytes_sent: 135,
      duration_ms: 4,
      user_agent: 'agent',
      request_id: 'id',
      host: 'h:80',
      endpoint: '127.0.0.1:80',
      upstream: 'inbound|80||',
      upstream_local_address: '127.0.0.1:4',
      local_address: '10.0.0.2:80',
      client: '10.0.0.3:3',
      server_name: 'a.b',
      route: 'default',
    },
  ],
  [
    { format: 'klog' },
    'E1231 15:04:05.678901   12345 file.go:123] broken "x"',
    '2025-12-31T15:04:05.678Z',
    {
      level: 'error',
      time: '1231 15:04:05.678901',
      thread: 12345,
      source: 'file.go:123',
      message: 'broken "x"',
    },
  ],
  [
    { format: 'mysql_slow' },
    '# Time: 2026-01-02T03:04:05.678901Z\n# User@Host: root[root] @ localhost []  Id:     8\n# Query_time: 2.000325  Lock_time: 0.000003 Rows_sent: 1  Rows_examined: 7\nuse `shop`;\nSET timestamp=1767323045;\nselect sleep(2),\n"# x: 1";\n',
    '2026-01-02T03:04:05.678Z',
    {
      time: '2026-01-02T03:04:05.678901Z',
      user: 'root',
      client_host: 'localhost',
      connection_id: 8,
      query_time: 2.000325,
      lock_time: 0.000003,
      rows_sent: 1,
      rows_examined: 7,
      database: 'shop',
      query: 'select sleep(2),\n"# x: 1";',
    },
  ],
  [
    { format: 'mysql_slow' },
    '# User@Host: app[app] @  [10.0.0.7]\n# Thread_id: 7  Schema: shop  QC_hit: No\n# Query_time: 2.0  Lock_time: 0.1 Rows_sent: 1  Rows_examined: 1\nSET timestamp=1767323045.5;\nselect 1;',
    '2026-01-02T03:04:05.500Z',
    {
      user: 'app',
      client: '10.0.0.7',
      thread_id: 7,
      schema: 'shop',
      qc_hit: 'No',
      query_time: 2,
      lock_time: 0.1,
      rows_sent: 1,
      rows_examined: 1,
      query: 'select 1;',
    },
  ],
  [
    { format: 'postgres' },
    '2026-01-02 03:04:05.678 UTC [123] ERROR:  syntax error at or near "x"\n\tat y',
    '2026-01-02T03:04:05.678Z',
    {
      time: '2026-01-02 03:04:05.678 UTC',
      pid: 123,
      level: 'ERROR',
      message: 'syntax error at or near "x"\n\tat y',
    },
  ],
  [
    { format: 'postgres', linePrefix: '%t [%-6p]: [%l-1] %quser=%u,db=%d,app=%a,client=%h 100%% ' },
    '2026-01-02 03:04:05 CET [123   ]: [7-1] user=joe,db=shop,app=psql,client=10.0.0.1 100% LOG:  duration: 12.3 ms',
    '2026-01-02T02:04:05.000Z',
    {
      time: '2026-01-02 03:04:05 CET',
      pid: 123,
      session_line: 7,
      user: 'joe',
      database: 'shop',
      application: 'psql',
      client_host: '10.0.0.1',
      level: 'LOG',
      message: 'duration: 12.3 ms',
    },
  ],
  [
    { format: 'postgres', linePrefix: '%n [%p] %q%u ' },
    '1767323045.678 [1] LOG:  checkpoint starting',
    '2026-01-02T03:04:05.678Z',
    { time: '1767323045.678', pid: 1, level: 'LOG', message: 'checkpoint starting' },
  ],
  [
    { format: 'postgres_csv' },
    '2026-01-02 03:04:05.678 UTC,"joe","shop",123,"10.0.0.1:4",6957.7b,1,"SELECT",2026-01-02 03:00:00 UTC,3/4,0,ERROR,42601,"syntax error at ""x""",,,,,,"select\nx",1,,"psql","client backend",,0',
    '2026-01-02T03:04:05.678Z',
    {
      time: '2026-01-02 03:04:05.678 UTC',
      user: 'joe',
      database: 'shop',
      pid: 123,
      client: '10.0.0.1:4',
      session: '6957.7b',
      session_line: 1,
      command: 'SELECT',
      session_start: '2026-01-02 03:00:00 UTC',
      virtual_transaction: '3/4',
      transaction: 0,
      level: 'ERROR',
      sqlstate: '42601',
      message: 'syntax error at "x"',
      query: 'select\nx',
      query_position: 1,
      application: 'psql',
      backend: 'client backend',
      query_id: 0,
    },
  ],
]

const misfits: [options: object, line: string, error: string][] = [
  [{ format: 'apache' }, `${CLF} "GET / HTTP/1.1" abc 1`, 'not an access line of Apache at byte 62'],
  [{ format: 'nginx' }, `${CLF} "GET / HTTP/1.1`, 'not an access line of nginx at byte 45'],
  [
    { format: 'nginx' },
    '10.0.0.1 - joe [soon] "GET / HTTP/1.1" 200 1',
    'not an access line of nginx at byte 16',
  ],
  [{ format: 'nginx' }, '10.0.0.1 - joe [soon', 'not an access line of nginx at byte 16'],
  [{ format: 'envoy' }, `${ENVOY} - 1`, 'not an access line of Envoy at byte 54'],
  [{ format: 'nginx_error' }, '2026/13/02 03:04:05 [error] 1#1: x', 'not an error line of nginx'],
  [{ format: 'apache_error' }, '[soon] [error] x', 'not an error line of Apache'],
  [{ format: 'klog' }, 'I0230 15:04:05.678901 1 a.go:1] x', 'not a klog line'],
  [{ format: 'mysql_slow' }, 'select 1;', 'not an entry of the slow query log: expected "# Query_time:"'],
  [
    { format: 'postgres' },
    '2026-01-02 03:04:05.678 UTC [x] LOG:  y',
    'not a line of PostgreSQL with this line prefix',
  ],
  [{ format: 'postgres_csv' }, 'soon,,', 'not CSV: expected 26 values, got 3'],
  [{ format: 'postgres_csv' }, `soon${','.repeat(25)}`, 'not CSV: expected a time in the first value'],
]

/** One line, also when it holds line feeds, as multiline rules make them. */
function oneLine(text: string) {
  const lines = linesOf(text)
  return { ...lines, count: 1, ends: Uint32Array.of(lines.bytes.length) }
}

describe('the logs of well-known programs', () => {
  for (const [options, line, time, record] of cases) {
    it(`${JSON.stringify(options)} reads ${JSON.stringify(line)}`, () => {
      const batch = processorOf(options).process(oneLine(line))
      const [text] = recordsOf(batch)
      assert.deepEqual(JSON.parse(text), record)
      assert.equal(new Date(batch.timesMs[0]).toISOString(), time)
    })
  }

  for (const [options, line, error] of misfits) {
    it(`${JSON.stringify(options)} keeps ${JSON.stringify(line)}, which does not fit`, () => {
      const batch = processorOf(options).process(oneLine(line))
      assert.deepEqual(JSON.parse(recordsOf(batch)[0]), { message: line, parse_error: error })
      assert.equal(batch.timesMs[0], Date.UTC(2026, 0, 1))
    })
  }
})
