import { s } from '../../../../kernel/config/schema.ts'

export const streamFraming = s.choice(['lines', 'json'], {
  about:
    'How messages are told apart. lines: each ends with a line feed, or with `separator`. json: each is a JSON object, with or without something between them.',
  default: 'lines',
})

export const separator = s.string({
  about: 'What ends a message with framing lines.',
  default: '\n',
  pattern: /^[\s\S]{1,64}$/,
  expected: '1 to 64 characters',
  example: '\u0000',
})

export const datagramFraming = s.choice(['lines', 'message', 'json'], {
  about:
    'What a datagram holds. lines: each line is a message. message: it is one message. json: JSON objects one after the other.',
  default: 'lines',
})
