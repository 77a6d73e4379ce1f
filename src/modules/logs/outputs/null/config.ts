import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type OwnOptions, routingFields } from '../routing-config.ts'

export const nullConfig = s.object(routingFields, {
  about: 'Takes records and forgets them: for tries and measurements.',
})

export type NullConfig = OwnOptions<Infer<typeof nullConfig>>
