import type { Check } from '../check.ts'
import { composeChecks } from './of-compose.ts'
import { check as sc001 } from './sc001-too-many-sidecars.ts'
import { check as sc002 } from './sc002-sidecar-without-resources.ts'
import { check as sc003 } from './sc003-qos-demotion.ts'
import { check as sc004 } from './sc004-autoscaler-without-request.ts'
import { check as sc005 } from './sc005-sidecar-overhead.ts'
import { check as sc006 } from './sc006-classic-sidecar-in-job.ts'
import { check as sc007 } from './sc007-classic-sidecar.ts'
import { check as sc008 } from './sc008-native-sidecar-without-startup-probe.ts'
import { check as sc009 } from './sc009-startup-probe-on-application.ts'
import { check as sc010 } from './sc010-probe-on-init-container.ts'
import { check as sc011 } from './sc011-sidecar-after-init-container.ts'
import { check as sc012 } from './sc012-exiting-pre-stop.ts'
import { check as sc013 } from './sc013-grace-period-too-short.ts'
import { check as sc014 } from './sc014-log-reader-may-write.ts'
import { check as sc015 } from './sc015-log-volume-without-limit.ts'
import { check as sc016 } from './sc016-two-log-writers.ts'
import { check as sc017 } from './sc017-port-collision.ts'
import { check as sc018 } from './sc018-sidecar-not-restricted.ts'
import { check as sc019 } from './sc019-shared-process-namespace.ts'
import { check as sc020 } from './sc020-sidecar-has-application-secrets.ts'
import { check as sc021 } from './sc021-unapproved-image.ts'
import { check as sc022 } from './sc022-misspelt-annotation.ts'
import { check as sc023 } from './sc023-misplaced-annotation.ts'
import { check as sc024 } from './sc024-conflicting-injectors.ts'
import { check as sc025 } from './sc025-impostor.ts'
import { check as sc026 } from './sc026-stale-status.ts'
import { check as sc027 } from './sc027-pod-resources-too-small.ts'
import { check as sc028 } from './sc028-sidecar-is-default-container.ts'
import { check as sc029 } from './sc029-impatient-liveness.ts'
import { check as sc030 } from './sc030-writable-root.ts'

/** All checks, by id. */
export const checks: readonly Check[] = [
  sc001,
  sc002,
  sc003,
  sc004,
  sc005,
  sc006,
  sc007,
  sc008,
  sc009,
  sc010,
  sc011,
  sc012,
  sc013,
  sc014,
  sc015,
  sc016,
  sc017,
  sc018,
  sc019,
  sc020,
  sc021,
  sc022,
  sc023,
  sc024,
  sc025,
  sc026,
  sc027,
  sc028,
  sc029,
  sc030,
  ...composeChecks,
]
