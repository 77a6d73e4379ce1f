/**
 * Everything that the HTTP/1.1 codec refuses, with the status that a server answers and a sentence for people.
 * The keys are stable: they appear in logs, metrics and the `outrigger-error` header.
 * A client (or a proxy towards its upstream) reads the same reasons as a malformed response.
 */
const REASONS = {
  bare_lf: [400, 'a line ends with LF alone; HTTP lines end with CR LF'],
  bare_cr: [400, 'a CR that no LF follows'],
  nul_byte: [400, 'a NUL byte in the head'],
  bad_request_line: [400, 'the first line is not "METHOD target HTTP/1.1" with single spaces'],
  bad_method: [400, 'the method is not a token'],
  bad_target: [400, 'the request target is not a path, an absolute URL, an authority or *'],
  target_too_long: [414, 'the request line is longer than this server takes'],
  bad_version: [400, 'the version is not HTTP/1.1 or HTTP/1.0'],
  unsupported_version: [505, 'this HTTP version is not spoken here'],
  bad_status_line: [400, 'the first line is not "HTTP/1.1 code reason"'],
  folded_header: [400, 'a header line begins with a space (obsolete line folding)'],
  space_before_colon: [400, 'a space stands between a header name and its colon'],
  missing_colon: [400, 'a header line has no colon'],
  bad_header_name: [400, 'a header name has characters that are not allowed'],
  bad_header_value: [400, 'a header value has control characters'],
  ambiguous_header_name: [400, 'a framing header is spelled with an underscore'],
  too_many_headers: [431, 'there are more header fields than this server takes'],
  head_too_large: [431, 'the header block is larger than this server takes'],
  missing_host: [400, 'the Host header is missing'],
  duplicate_host: [400, 'there is more than one Host header'],
  bad_host: [400, 'the Host header is not host or host:port'],
  bad_content_length: [400, 'Content-Length is not a plain decimal number'],
  duplicate_content_length: [400, 'there is more than one Content-Length header'],
  length_and_encoding: [400, 'Content-Length and Transfer-Encoding exclude each other'],
  bad_transfer_encoding: [400, 'Transfer-Encoding is not "chunked", once and in one header'],
  unsupported_transfer_encoding: [501, 'only the transfer coding "chunked" is spoken here'],
  encoding_in_http10: [400, 'Transfer-Encoding does not exist in HTTP/1.0'],
  connect_with_body: [400, 'CONNECT has no body'],
  unsupported_expectation: [417, 'only "Expect: 100-continue" can be met'],
  bad_chunk_size: [400, 'a chunk size is not a plain hexadecimal number'],
  bad_chunk_extension: [400, 'a chunk extension is malformed'],
  chunk_extension_too_long: [413, 'the chunk extensions are longer than this server takes'],
  bad_chunk_end: [400, 'CR LF is missing after the data of a chunk'],
  bad_trailer: [400, 'the trailer section is malformed'],
  trailer_too_large: [431, 'the trailer section is larger than this server takes'],
  body_cut_short: [400, 'the connection ended before the body was complete'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>

export type Http1Reason = keyof typeof REASONS

/** Bytes that are not the HTTP/1.1 that we accept. The connection that carried them cannot be used any more. */
export class Http1Error extends Error {
  override readonly name = 'Http1Error'
  readonly reason: Http1Reason
  /** What a server answers. */
  readonly status: number

  constructor(reason: Http1Reason) {
    super(REASONS[reason][1])
    this.reason = reason
    this.status = REASONS[reason][0]
  }
}
