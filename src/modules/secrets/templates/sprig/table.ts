import type { Family } from '../functions/define.ts'
import { CIPHERS } from './ciphers.ts'
import { dates } from './dates.ts'
import { DEFAULTS } from './defaults.ts'
import { DICTS } from './dicts.ts'
import { ENCODING } from './encoding.ts'
import { LISTS } from './lists.ts'
import { NUMBERS } from './numbers.ts'
import { PATHS } from './paths.ts'
import { PATTERNS } from './patterns.ts'
import { prefixed } from './prefixed.ts'
import { TEXT } from './text.ts'
import { URLS } from './urls.ts'
import { VERSIONS } from './versions.ts'

/**
 * The functions of sprig 3 that look neither at the environment nor at the network, each with `sprig_` before its name,
 * as consul-template has them. `now`: of the wall clock, in milliseconds since 1970.
 */
export function sprigFunctions(now: () => number): Family {
  return [
    ...TEXT,
    ...NUMBERS,
    ...LISTS,
    ...DICTS,
    ...DEFAULTS,
    ...PATTERNS,
    ...ENCODING,
    ...PATHS,
    ...URLS,
    ...VERSIONS,
    ...dates(now),
    ...CIPHERS,
  ].map(prefixed)
}
