import { s } from '../../../../kernel/config/schema.ts'

export const keepConfig = s.string({
  about: 'A condition: records that do not meet it are dropped, and counted.',
  example: 'status >= 400 or level in ["warn", "error"]',
})

export const dropConfig = s.string({
  about: 'A condition: records that meet it are dropped, and counted.',
  example: 'path matches "^/healthz" and not exists(error)',
})
