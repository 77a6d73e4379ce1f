import { jsonSchema } from '../kernel/config/json-schema.ts'
import { wholeDoc } from '../kernel/config/whole.ts'
import { modules } from '../modules/registry.ts'
import type { Call } from './call.ts'

/** `outrigger schema` */
export async function run({ io }: Call): Promise<number> {
  io.stdout.write(`${JSON.stringify(jsonSchema(await wholeDoc(modules)), null, 2)}\n`)
  return 0
}
