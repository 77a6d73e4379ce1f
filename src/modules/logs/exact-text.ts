import { isUtf8 } from 'node:buffer'

/** How bytes became text: as UTF-8 where they are, else one character a byte, which keeps them exact on the way back. */
export type Encoding = 'utf8' | 'latin1'

/** Whether `text`, decoded as UTF-8 from `bytes[start, end)`, has lost bytes that are not UTF-8. */
export function isLossy(text: string, bytes: Buffer, start: number, end: number): boolean {
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))
}
