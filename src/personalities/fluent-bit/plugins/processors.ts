import { type Options, option } from './option.ts'
import type { FilterPlugin } from './plugin.ts'

/** What processors have beside what filters have. */
export const processorOptions: Options = { condition: option.structure() }

/** Plugins that are processors only. */
export const processorPlugins: Readonly<Record<string, FilterPlugin>> = {}
