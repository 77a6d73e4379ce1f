import { option } from '../option.ts'
import type { OutputPlugin } from '../plugin.ts'

/** Throws records away. */
export const nothing: OutputPlugin = {
  about: 'Throws records away',
  options: { format: option.needless('nothing is written') },
  translate: () => ({ kind: 'null', options: {} }),
}
