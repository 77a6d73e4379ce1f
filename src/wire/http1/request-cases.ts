import type { Http1Reason } from './error.ts'

/** A request that must be refused, byte for byte, with the reason. Read by the tests of the codec and of the server. */
export interface RefusedRequest {
  readonly name: string
  readonly bytes: string
  readonly reason: Http1Reason
  readonly status: number
}

type Row = readonly [name: string, bytes: string, reason: Http1Reason, status?: number]

const get = (lines: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`
const post = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body)
const target = (text: string): string => `GET ${text} HTTP/1.1\r\nHost: a\r\n\r\n`
const host = (value: string): string => `GET / HTTP/1.1\r\nHost: ${value}\r\n\r\n`

const LINE_ENDS: Row[] = [
  ['LF alone after the request line', 'GET / HTTP/1.1\nHost: a\r\n\r\n', 'bare_lf'],
  ['LF alone after a header', 'GET / HTTP/1.1\r\nHost: a\n\r\n', 'bare_lf'],
  ['LF alone everywhere', 'GET / HTTP/1.1\nHost: a\n\n', 'bare_lf'],
  ['LF alone for the empty line', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 'bare_lf'],
  ['LF in a header value', get('X: a\nb\r\n'), 'bare_lf'],
  ['CR alone as line end', 'GET / HTTP/1.1\rHost: a\r\r', 'bare_cr'],
  ['CR in a header value', get('X: a\rb\r\n'), 'bare_cr'],
  ['CR before CR LF', get('X: a\r\r\n'), 'bare_cr'],
  ['NUL in a header value', get('X: a\0b\r\n'), 'nul_byte'],
  ['NUL in the target', target('/a\0b'), 'nul_byte'],
  ['two empty lines before the request line', `\r\n\r\n${get('')}`, 'bad_request_line'],
]

const REQUEST_LINES: Row[] = [
  ['no version', 'GET /\r\nHost: a\r\n\r\n', 'bad_version'],
  ['HTTP/0.9', 'GET / HTTP/0.9\r\nHost: a\r\n\r\n', 'unsupported_version', 505],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'unsupported_version', 505],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 'unsupported_version', 505],
  ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'unsupported_version', 505],
  ['lower-case version', 'GET / http/1.1\r\nHost: a\r\n\r\n', 'bad_version'],
  ['two digits in the version', 'GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'bad_version'],
  ['no minor version', 'GET / HTTP/1\r\nHost: a\r\n\r\n', 'bad_version'],
  ['space after the version', 'GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'bad_version'],
  ['two spaces before the version', 'GET /  HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_version'],
  ['two spaces before the target', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request_line'],
  ['space before the method', ' GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request_line'],
  ['tabs for spaces', 'GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request_line'],
  ['only a method', 'GET\r\nHost: a\r\n\r\n', 'bad_request_line'],
  ['a method with a colon', 'GE:T / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_method'],
  ['a space in the target', target('/a b'), 'bad_version'],
  ['a tab in the target', target('/a\tb'), 'bad_target'],
  ['a fragment', target('/a#b'), 'bad_target'],
  ['a backslash', target('/a\\b'), 'bad_target'],
  ['bytes above ASCII in the target', target('/\xe9'), 'bad_target'],
  ['DEL in the target', target('/\x7f'), 'bad_target'],
  ['a target without a slash', target('a'), 'bad_target'],
  ['an empty target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request_line'],
  ['* with GET', target('*'), 'bad_target'],
  ['an absolute target of another scheme', target('ftp://a/'), 'bad_target'],
  ['an absolute target with userinfo', target('http://u:p@a/'), 'bad_target'],
  ['an absolute target without a host', target('http:///x'), 'bad_target'],
  ['an absolute target with a bad port', target('http://a:x/'), 'bad_target'],
  ['CONNECT with a path', 'CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_target'],
  ['CONNECT without a port', 'CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_target'],
  ['CONNECT with an absolute URL', 'CONNECT http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_target'],
  [
    'CONNECT with a body',
    'CONNECT a:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    'connect_with_body',
  ],
  ['a target over 8 KiB', target(`/${'a'.repeat(9000)}`), 'target_too_long', 414],
]

const HEADER_LINES: Row[] = [
  ['a space before the colon', get('X : a\r\n'), 'space_before_colon'],
  ['a tab before the colon', get('X\t: a\r\n'), 'space_before_colon'],
  ['a space before the colon of Content-Length', post('Content-Length : 3\r\n', 'abc'), 'space_before_colon'],
  [
    'a space before the colon of Transfer-Encoding',
    post('Transfer-Encoding : chunked\r\n'),
    'space_before_colon',
  ],
  ['a folded header', get('X: a\r\n b\r\n'), 'folded_header'],
  ['a folded header with a colon', get('X: a\r\n\tb: c\r\n'), 'folded_header'],
  ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n'), 'folded_header'],
  ['a space before the first header', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 'folded_header'],
  ['no colon', get('X\r\n'), 'missing_colon'],
  ['an empty name', get(': a\r\n'), 'bad_header_name'],
  ['a space inside a name', get('X Y: a\r\n'), 'bad_header_name'],
  ['a name above ASCII', get('X\xe9: a\r\n'), 'bad_header_name'],
  ['a separator in a name', get('X(Y): a\r\n'), 'bad_header_name'],
  ['a control character in a name', get('X\x01: a\r\n'), 'bad_header_name'],
  ['a control character in a value', get('X: a\x01\r\n'), 'bad_header_value'],
  ['DEL in a value', get('X: a\x7f\r\n'), 'bad_header_value'],
  ['a form feed in a value', get('X: a\fb\r\n'), 'bad_header_value'],
  ['101 headers', get('X: a\r\n'.repeat(100)), 'too_many_headers', 431],
  ['a head over 64 KiB', get(`X: ${'a'.repeat(66_000)}\r\n`), 'head_too_large', 431],
  ['many headers over 64 KiB', get(`X: ${'a'.repeat(900)}\r\n`.repeat(80)), 'head_too_large', 431],
]

const HOSTS: Row[] = [
  ['no Host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n', 'missing_host'],
  ['no headers at all', 'GET / HTTP/1.1\r\n\r\n', 'missing_host'],
  ['two Hosts', get('Host: b\r\n'), 'duplicate_host'],
  ['two equal Hosts', get('host: a\r\n'), 'duplicate_host'],
  ['an empty Host', host(''), 'bad_host'],
  ['Host with userinfo', host('u@a'), 'bad_host'],
  ['Host with a path', host('a/b'), 'bad_host'],
  ['Host with a list', host('a, b'), 'bad_host'],
  ['Host with a comma', host('a,b'), 'bad_host'],
  ['Host with a scheme', host('http://a'), 'bad_host'],
  ['Host with a port that is no number', host('a:x'), 'bad_host'],
  ['Host with a port over 65535', host('a:65536'), 'bad_host'],
  ['Host with two ports', host('a:1:2'), 'bad_host'],
  ['Host with an open bracket', host('[::1'), 'bad_host'],
  ['Host with a query', host('a?b'), 'bad_host'],
  ['Host with a space', host('a b'), 'bad_host'],
  ['Host with a byte above ASCII', host('\xe9'), 'bad_host'],
  ['an absolute target does not spare Host', 'GET http://a/ HTTP/1.1\r\n\r\n', 'missing_host'],
  [
    'an absolute target does not excuse a bad Host',
    'GET http://a/ HTTP/1.1\r\nHost: u@a\r\n\r\n',
    'bad_host',
  ],
  ['two Hosts in HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 'duplicate_host'],
]

const LENGTHS: Row[] = [
  ...[
    '+3',
    '-3',
    '0x3',
    '0o3',
    '1_0',
    '3 3',
    '',
    '3,3',
    '3, 3',
    '3;',
    '1e1',
    '3.0',
    '\xb2',
    '03',
    '00',
    '"3"',
  ].map(
    (value): Row => [
      `Content-Length: ${value}`,
      post(`Content-Length: ${value}\r\n`, 'abc'),
      'bad_content_length',
    ],
  ),
  ['a length over 2^53', post('Content-Length: 9007199254740993\r\n'), 'bad_content_length'],
  ['a length over 2^64', post('Content-Length: 18446744073709551619\r\n'), 'bad_content_length'],
  ['two lengths', post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abc'), 'duplicate_content_length'],
  [
    'two equal lengths',
    post('Content-Length: 3\r\ncontent-length: 3\r\n', 'abc'),
    'duplicate_content_length',
  ],
  ['Content_Length', post('Content_Length: 3\r\n', 'abc'), 'ambiguous_header_name'],
  ['Transfer_Encoding', post('Transfer_Encoding: chunked\r\n', '0\r\n\r\n'), 'ambiguous_header_name'],
]

const CODINGS: Row[] = [
  [
    'length and coding',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    'length_and_encoding',
  ],
  [
    'coding and length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n'),
    'length_and_encoding',
  ],
  [
    'bad coding and length',
    post('Transfer-Encoding: x\r\nContent-Length: 3\r\n', 'abc'),
    'length_and_encoding',
  ],
  [
    'a coding in HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'encoding_in_http10',
  ],
  ...[
    'xchunked',
    'chunkedx',
    'identity',
    '',
    'chunked, chunked',
    'chunked, gzip',
    'chunked,',
    ',chunked',
    'gzip',
    'identity, chunked',
    '"chunked"',
    'chunked;a=b',
    'chunked, identity',
  ].map(
    (value): Row => [
      `Transfer-Encoding: ${value}`,
      post(`Transfer-Encoding: ${value}\r\n`),
      'bad_transfer_encoding',
    ],
  ),
  ['a vertical tab before chunked', post('Transfer-Encoding: \vchunked\r\n'), 'bad_header_value'],
  ['gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n'), 'unsupported_transfer_encoding', 501],
  [
    'two codings in two lines',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    'bad_transfer_encoding',
  ],
  [
    'a hidden second coding',
    post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n'),
    'bad_transfer_encoding',
  ],
  [
    'an unknown expectation',
    post('Expect: 200-ok\r\nContent-Length: 1\r\n', 'a'),
    'unsupported_expectation',
    417,
  ],
  [
    'two expectations',
    post('Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n', 'a'),
    'unsupported_expectation',
    417,
  ],
]

const CHUNKS: Row[] = [
  ...[
    '0x3',
    '+3',
    '-3',
    '3_',
    ' 3',
    '3 ',
    '\t3',
    'g',
    '',
    '3\v',
    '3,',
    '00000000000000003',
    'ffffffffffffffff',
  ].map((size): Row => [`chunk size "${size}"`, chunked(`${size}\r\nabc\r\n0\r\n\r\n`), 'bad_chunk_size']),
  ['LF alone after a chunk size', chunked('3\nabc\r\n0\r\n\r\n'), 'bad_chunk_size'],
  ['CR alone after a chunk size', chunked('3\rabc\r\n0\r\n\r\n'), 'bad_chunk_size'],
  ['LF alone after chunk data', chunked('3\r\nabc\n0\r\n\r\n'), 'bad_chunk_end'],
  ['CR alone after chunk data', chunked('3\r\nabc\rX0\r\n\r\n'), 'bad_chunk_end'],
  ['more data than the chunk size', chunked('3\r\nabcd\r\n0\r\n\r\n'), 'bad_chunk_end'],
  ['less data than the chunk size', chunked('5\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_end'],
  ['LF alone in a chunk extension', chunked('3;a\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  ['a lone semicolon', chunked('3;\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  ['a space in a chunk extension', chunked('3; a\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  ['an extension without a name', chunked('3;=a\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  ['an extension with an open quote', chunked('3;a="b\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  ['NUL in a chunk extension', chunked('3;a\0\r\nabc\r\n0\r\n\r\n'), 'bad_chunk_extension'],
  [
    'an extension without end',
    chunked(`3;${'a'.repeat(2000)}\r\nabc\r\n0\r\n\r\n`),
    'chunk_extension_too_long',
    413,
  ],
  [
    'extensions on every chunk',
    chunked(`1;${'a'.repeat(1000)}\r\nx\r\n`.repeat(20)),
    'chunk_extension_too_long',
    413,
  ],
  ['Content-Length as a trailer', chunked('0\r\nContent-Length: 5\r\n\r\n'), 'bad_trailer'],
  ['Transfer-Encoding as a trailer', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'), 'bad_trailer'],
  ['LF alone in the trailers', chunked('0\r\nX: a\n\r\n'), 'bad_trailer'],
  ['LF alone for the end', chunked('0\r\n\n'), 'bad_trailer'],
  ['CR alone in the trailers', chunked('0\r\nX: a\rb\r\n\r\n'), 'bad_trailer'],
  ['a space before the colon of a trailer', chunked('0\r\nX : a\r\n\r\n'), 'space_before_colon'],
  ['a folded trailer', chunked('0\r\nX: a\r\n b\r\n\r\n'), 'folded_header'],
  ['no end of the last chunk', chunked('0\r\nGET / HTTP/1.1\r\n\r\n'), 'missing_colon'],
  ['101 trailers', chunked(`0\r\n${'X: a\r\n'.repeat(101)}\r\n`), 'too_many_headers', 431],
  ['trailers over 64 KiB', chunked(`0\r\nX: ${'a'.repeat(66_000)}\r\n\r\n`), 'trailer_too_large', 431],
]

export const REFUSED_REQUESTS: readonly RefusedRequest[] = [
  LINE_ENDS,
  REQUEST_LINES,
  HEADER_LINES,
  HOSTS,
  LENGTHS,
  CODINGS,
  CHUNKS,
].flatMap(rows => rows.map(([name, bytes, reason, status = 400]) => ({ name, bytes, reason, status })))

/** Requests that are unusual and right: name, bytes. */
export const ACCEPTED_REQUESTS: readonly (readonly [name: string, bytes: string])[] = [
  ['plain', get('')],
  ['one empty line before the request line', `\r\n${get('')}`],
  ['an extension method', 'PURGE-ALL! / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['white space around a value', get('X: \t a b\t \r\n')],
  ['an empty value', get('X:\r\nY: \r\n')],
  ['bytes above ASCII in a value', get('X: \xe9\xff\r\n')],
  ['header names with every token character', get("!#$%&'*+-.^_`|~09azAZ: a\r\n")],
  ['100 headers', get('X: a\r\n'.repeat(99))],
  ['a target of 8000 bytes', target(`/${'a'.repeat(7999)}`)],
  ['a target with unusual characters', target('/a%20b|{}"<>^`?c=d&e?f/[]')],
  ['an absolute target', target('http://b:81/c?d')],
  ['an absolute target without a path', target('HTTP://b')],
  ['an absolute target with only a query', target('http://b?c')],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'],
  ['Host with a port', host('a.example:8080')],
  ['Host with an empty port', host('a:')],
  ['Host with an IPv6 address', host('[::1]:80')],
  ['Host with an underscore', host('my_service')],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n'],
  ['HTTP/1.0 with a length', 'POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'],
  ['a length', post('Content-Length: 3\r\n', 'abc')],
  ['a length of zero', post('Content-Length: 0\r\n')],
  ['GET with a body', get('Content-Length: 3\r\n').concat('abc')],
  ['chunked', chunked('3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n')],
  ['Chunked in mixed case', post('Transfer-Encoding: CHUNKed\r\n', '1\r\na\r\n0\r\n\r\n')],
  ['leading zeros in a chunk size', chunked('0003\r\nabc\r\n000\r\n\r\n')],
  ['chunk extensions', chunked('3;a;b=c;d="e f\\"g"\r\nabc\r\n0;z\r\n\r\n')],
  ['trailers', chunked('1\r\na\r\n0\r\nX-Sum: 1\r\nGrpc-Status: 0\r\n\r\n')],
  ['trailers that have no say', chunked('0\r\nHost: b\r\nAuthorization: x\r\nX: y\r\n\r\n')],
]
