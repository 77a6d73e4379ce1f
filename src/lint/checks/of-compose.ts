import type { Check } from '../check.ts'
import { check as sc101 } from './sc101-start-circle.ts'
import { check as sc102 } from './sc102-network-owner-restarts.ts'
import { check as sc103 } from './sc103-healthy-without-healthcheck.ts'
import { check as sc104 } from './sc104-sidecar-without-limits.ts'
import { check as sc105 } from './sc105-ports-on-joined-service.ts'
import { check as sc106 } from './sc106-profile-mismatch.ts'
import { check as sc107 } from './sc107-sidecar-stops-too-soon.ts'
import { check as sc108 } from './sc108-logs-mounted-writable.ts'
import { check as sc109 } from './sc109-replicas-share-one-network.ts'

/** The checks of Docker Compose, by id. */
export const composeChecks: readonly Check[] = [sc101, sc102, sc103, sc104, sc105, sc106, sc107, sc108, sc109]
