import type { Check } from '../check.ts'
import { check as sc001 } from './sc001-too-many-sidecars.ts'
import { check as sc002 } from './sc002-sidecar-without-resources.ts'

/** All checks, by id. */
export const checks: readonly Check[] = [sc001, sc002]
