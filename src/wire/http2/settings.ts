import { Http2Error } from './error.ts'
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
} from './frame.ts'

/** What one side tells the other about itself (RFC 9113 section 6.5.2, RFC 8441 section 3). */
export interface Settings {
  readonly headerTableBytes: number
  readonly enablePush: boolean
  readonly maxConcurrentStreams: number
  readonly initialWindowBytes: number
  readonly maxFrameBytes: number
  readonly maxHeaderListBytes: number
  readonly enableConnectProtocol: boolean
}

/** What holds until the peer says otherwise. */
export const INITIAL_SETTINGS: Settings = {
  headerTableBytes: 4096,
  enablePush: true,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowBytes: DEFAULT_WINDOW_BYTES,
  maxFrameBytes: DEFAULT_FRAME_BYTES,
  maxHeaderListBytes: Number.POSITIVE_INFINITY,
  enableConnectProtocol: false,
}

const HEADER_TABLE_SIZE = 0x1
const ENABLE_PUSH = 0x2
const MAX_CONCURRENT_STREAMS = 0x3
const INITIAL_WINDOW_SIZE = 0x4
const MAX_FRAME_SIZE = 0x5
const MAX_HEADER_LIST_SIZE = 0x6
const ENABLE_CONNECT_PROTOCOL = 0x8

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** `payload` must be a multiple of six bytes. Unknown settings are passed over; values out of range throw. */
export function applySettings(before: Settings, payload: Buffer): Settings {
  const after: Mutable<Settings> = { ...before }
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    switch (payload.readUInt16BE(at)) {
      case HEADER_TABLE_SIZE:
        after.headerTableBytes = value
        break
      case ENABLE_PUSH:
        after.enablePush = readBoolean('ENABLE_PUSH', value)
        break
      case MAX_CONCURRENT_STREAMS:
        after.maxConcurrentStreams = value
        break
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES)
          throw new Http2Error('FLOW_CONTROL_ERROR', 'SETTINGS_INITIAL_WINDOW_SIZE is above 2^31 - 1')
        after.initialWindowBytes = value
        break
      case MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > MAX_FRAME_BYTES)
          throw new Http2Error('PROTOCOL_ERROR', 'SETTINGS_MAX_FRAME_SIZE is not between 2^14 and 2^24 - 1')
        after.maxFrameBytes = value
        break
      case MAX_HEADER_LIST_SIZE:
        after.maxHeaderListBytes = value
        break
      case ENABLE_CONNECT_PROTOCOL:
        after.enableConnectProtocol = readBoolean('ENABLE_CONNECT_PROTOCOL', value)
        if (before.enableConnectProtocol && !after.enableConnectProtocol)
          throw new Http2Error('PROTOCOL_ERROR', 'SETTINGS_ENABLE_CONNECT_PROTOCOL was taken back')
        break
    }
  }
  return after
}

/** A SETTINGS frame with what differs from the initial values; used once, at the start of a connection. */
export function encodeSettings(settings: Partial<Settings>): Buffer {
  const pairs: (readonly [number, number])[] = []
  const add = (id: number, value: number | boolean | undefined): void => {
    if (value !== undefined) pairs.push([id, Number(value)])
  }
  add(HEADER_TABLE_SIZE, settings.headerTableBytes)
  add(ENABLE_PUSH, settings.enablePush)
  add(MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams)
  add(INITIAL_WINDOW_SIZE, settings.initialWindowBytes)
  add(MAX_FRAME_SIZE, settings.maxFrameBytes)
  add(MAX_HEADER_LIST_SIZE, settings.maxHeaderListBytes)
  add(ENABLE_CONNECT_PROTOCOL, settings.enableConnectProtocol)
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 6 * pairs.length)
  frame.writeUIntBE(6 * pairs.length, 0, 3)
  frame[3] = FrameType.SETTINGS
  pairs.forEach(([id, value], index) => {
    frame.writeUInt16BE(id, FRAME_HEAD_BYTES + 6 * index)
    frame.writeUInt32BE(value, FRAME_HEAD_BYTES + 6 * index + 2)
  })
  return frame
}

function readBoolean(name: string, value: number): boolean {
  if (value > 1) throw new Http2Error('PROTOCOL_ERROR', `SETTINGS_${name} is neither 0 nor 1`)
  return value === 1
}
