import type { JsonRecord } from '../../../wire/json/record.ts'

/** Looks at one record, and may edit it. False drops it. */
export type Step = (record: JsonRecord) => boolean
