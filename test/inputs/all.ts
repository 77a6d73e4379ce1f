import { forward } from './forward.ts'
import { httpInputs } from './http-inputs.ts'
import type { Source } from './source.ts'

/** Every input that acknowledges what it was sent. */
export const sources: readonly Source[] = [...httpInputs, forward]
