import { entryName } from '../../../kernel/config/entry-names.ts'

/** The option that names a delivery. */
export const deliveryName = entryName
