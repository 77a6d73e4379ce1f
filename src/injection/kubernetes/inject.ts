// The injection core, pure: what command line, webhook and linter call.
export { type EntryStatus, type ImageChange, type Outdated, type PodStatus, statusOf } from './drift.ts'
export { inject } from './injector.ts'
export { type Uninjection, uninject } from './uninject.ts'
