import type { FilterPlugin } from '../plugin.ts'

/** Prints records on their way. */
export const stdoutFilter: FilterPlugin = {
  about: 'Prints records, and passes them on',
  options: {},
  translate: () => [{ print: {} }],
}
