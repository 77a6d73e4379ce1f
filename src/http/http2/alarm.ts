import type { Deadline } from '../deadline-wheel.ts'

/** A deadline of its own, for an object that has one already. */
export class Alarm implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  readonly expire: () => void

  constructor(expire: () => void) {
    this.expire = expire
  }
}
