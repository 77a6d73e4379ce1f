const LINE_FEED = 0x0a
const BLANK = 0x20

/** How one message stands among others (RFC 6587): with its length before it, or a line feed behind it. */
export function framed(framing: 'octets' | 'newline' | 'datagram'): (message: Buffer) => Buffer {
  switch (framing) {
    case 'octets':
      return message => Buffer.concat([Buffer.from(`${message.length} `), message])
    case 'newline':
      return message => Buffer.concat([withoutLineFeeds(message), Buffer.of(LINE_FEED)])
    case 'datagram':
      return message => message
  }
}

/** A line feed inside would end the message early. */
function withoutLineFeeds(message: Buffer): Buffer {
  for (let at = message.indexOf(LINE_FEED); at >= 0; at = message.indexOf(LINE_FEED, at)) message[at] = BLANK
  return message
}
