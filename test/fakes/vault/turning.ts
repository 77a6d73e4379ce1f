import type { FakeClock } from '../../../src/kernel/clock/fake.ts'
import type { FakeVault } from './server.ts'

/** A request and its answer go through one event loop, both ends of them, in fewer turns than this. */
const TURNS = 40

/** Until nothing moves any more between the fake and who asks it. */
export async function settled(vault: FakeVault): Promise<void> {
  let before = ''
  for (let quiet = 0; quiet < TURNS; quiet++) {
    await new Promise<void>(resolve => setImmediate(resolve))
    const now = `${vault.total} ${vault.underWay}`
    if (now !== before) quiet = 0
    before = now
  }
}

/** Turns the clock on, and lets real requests end before the first timer, after each, and at the end. */
export async function turn(clock: FakeClock, ms: number, vault: FakeVault): Promise<void> {
  const endMs = clock.monotonic() + ms
  await settled(vault)
  for (
    let next = clock.nextMs;
    next !== undefined && clock.monotonic() + next <= endMs;
    next = clock.nextMs
  ) {
    clock.advance(next)
    await settled(vault)
  }
  clock.advance(endMs - clock.monotonic())
}
