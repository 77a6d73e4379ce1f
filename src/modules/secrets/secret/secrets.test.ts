import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { SourceFailure } from '../sources/source.ts'
import { Secrets } from './secrets.ts'
import { FakeSource } from './source-fake.ts'
import type { TrackedSecret } from './tracked-secret.ts'
import { SecretValue, type Timing } from './value.ts'

const SECOND = 1000
const HOUR = 3_600_000

function world(random = 0.5) {
  const clock = new FakeClock()
  const source = new FakeSource()
  const outcomes: string[] = []
  const secrets = new Secrets({
    clock,
    random: () => random,
    signal: new AbortController().signal,
    intervalMs: 300 * SECOND,
    threshold: 0.9,
    maxSecrets: 1000,
    maxRequests: 8,
    onOutcome: (_, what, failure) => outcomes.push(`${what} ${failure?.reason ?? 'ok'}`),
  })
  let changes = 0
  const want = (path: string) => secrets.want('fake', source, { path }, () => changes++)
  const leased = (durationMs: number, renewable = true) => {
    source.timing = path => ({
      kind: 'leased',
      lease: { id: path, renewable, durationMs, grantedAtMs: clock.now() },
    })
    source.grant = lease => ({ ...lease, grantedAtMs: clock.now() })
  }
  return { clock, source, secrets, want, outcomes, leased, changes: () => changes }
}

const passwordOf = (secret: TrackedSecret) => secret.value?.data.get('password')

test('a secret that several want is fetched once, and all hear of it', async () => {
  const { clock, source, want, changes } = world()
  const [one, other] = [want('a'), want('a')]
  await clock.elapse(0)
  assert.deepEqual(source.asked, ['fetch a'])
  assert.equal(changes(), 2)
  assert.equal(one.secret, other.secret)
  assert.equal(passwordOf(one.secret), 'value-1')
  assert.equal(one.secret.state, 'fresh')
})

test('what has no end is asked for at 85 to 95 % of the interval, and an equal value tells nobody', async () => {
  const { clock, source, want, changes } = world(0)
  source.data = () => ({ password: 'same' })
  want('a')
  await clock.elapse(254 * SECOND)
  assert.equal(source.asked.length, 1)
  await clock.elapse(1 * SECOND)
  assert.equal(source.asked.length, 2)
  assert.equal(changes(), 1)
})

test('a lease is renewed for as long as that gives time, and the value stays', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(24 * HOUR)
  assert.equal(source.asked.filter(each => each.startsWith('fetch')).length, 1)
  assert.ok(source.asked.length > 24)
  assert.equal(passwordOf(secret), 'value-1')
})

test('a lease that comes to its longest time is replaced while a part of it is left, after few renewals', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { timing } = source
  let maxMs = 0
  source.timing = path => {
    maxMs = clock.now() + 2 * HOUR
    return timing(path)
  }
  source.grant = lease => ({
    ...lease,
    grantedAtMs: clock.now(),
    durationMs: Math.min(HOUR, maxMs - clock.now()),
  })
  const { secret } = want('db')
  let least = Number.POSITIVE_INFINITY
  for (let minute = 0; minute < 150; minute++) {
    await clock.elapse(60 * SECOND)
    least = Math.min(least, secret.remainingMs())
  }
  assert.ok(least > 0.05 * HOUR, `the application held what had ${least} ms left`)
  assert.equal(passwordOf(secret), 'value-2')
  assert.ok(source.asked.length <= 8, source.asked.join())
})

test('a lease that cannot be renewed is replaced at 90 % of its time', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR, false)
  want('db')
  await clock.elapse(0.89 * HOUR)
  assert.deepEqual(source.asked, ['fetch db'])
  await clock.elapse(0.02 * HOUR)
  assert.deepEqual(source.asked, ['fetch db', 'fetch db'])
})

test('while the source is away a lease is kept until it is really gone, and taken up again if it comes back in time', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(0)
  source.failing = 'unavailable'
  await clock.elapse(0.95 * HOUR)
  assert.equal(secret.state, 'fresh')
  assert.equal(secret.problem?.reason, 'unavailable')
  assert.equal(passwordOf(secret), 'value-1')
  source.failing = undefined
  await clock.elapse(60 * SECOND)
  assert.equal(secret.problem, undefined)
  assert.equal(passwordOf(secret), 'value-1')
  assert.equal(source.asked.filter(each => each.startsWith('fetch')).length, 1)
})

test('a lease that has really ended is told as expired, keeps its last value, and is fetched anew when the source is back', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(0)
  source.failing = 'sealed'
  await clock.elapse(1.5 * HOUR)
  assert.equal(secret.state, 'expired')
  assert.equal(passwordOf(secret), 'value-1')
  source.failing = undefined
  await clock.elapse(60 * SECOND)
  assert.equal(secret.state, 'fresh')
  assert.equal(passwordOf(secret), 'value-2')
})

test('a renewal that is forbidden is not asked for again: the value is good until its end, and replaced before', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(0)
  const renew = source.renew.bind(source)
  source.renew = async lease => {
    source.failing = 'forbidden'
    try {
      return await renew(lease)
    } finally {
      source.failing = undefined
    }
  }
  await clock.elapse(0.89 * HOUR)
  assert.deepEqual(source.asked, ['fetch db', 'renew db'])
  assert.equal(secret.state, 'fresh')
  await clock.elapse(0.02 * HOUR)
  assert.deepEqual(source.asked, ['fetch db', 'renew db', 'fetch db'])
})

test('a lease that its server does not know any more is replaced at once', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(0)
  source.renew = async () => {
    throw new (await import('../sources/source.ts')).SourceFailure('lost', 'gone')
  }
  await clock.elapse(HOUR * 0.75)
  assert.equal(passwordOf(secret), 'value-2')
})

test('another token of the source fetches nothing again; where leases may have gone with it, they are only asked for', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  for (let n = 0; n < 20; n++) want(`db-${n}`)
  await clock.elapse(0)
  source.asked.length = 0
  source.doubt()
  await clock.elapse(10 * SECOND)
  assert.equal(source.asked.filter(each => each.startsWith('renew')).length, 20)
  assert.equal(source.asked.filter(each => each.startsWith('fetch')).length, 0)
})

test('leases that end with the token they hang on are replaced before, and not all in one moment', async () => {
  const { clock, source, secrets, leased } = world()
  let n = 0
  const spread = new Secrets({
    clock,
    random: () => (n++ % 20) / 20,
    signal: new AbortController().signal,
    intervalMs: HOUR,
    threshold: 0.9,
    maxSecrets: 100,
    maxRequests: 8,
    onOutcome: () => {},
  })
  leased(HOUR)
  const wanted = Array.from({ length: 20 }, (_, i) =>
    spread.want('fake', source, { path: `db-${i}` }, () => {}),
  )
  await clock.elapse(0)
  source.doubt(100 * SECOND)
  await clock.elapse(40 * SECOND)
  const half = source.asked.length - 20
  assert.ok(half > 5 && half < 15, `${half} of 20 after half of the time`)
  await clock.elapse(45 * SECOND)
  assert.equal(source.asked.length, 40)
  assert.ok(wanted.every(({ secret }) => secret.state === 'fresh'))
  secrets[Symbol.dispose]()
})

test('until then they are renewed as ever, however long the token lasts, and survive a server that is away', async () => {
  const { clock, source, want, leased } = world()
  leased(60 * SECOND)
  const { secret } = want('db')
  await clock.elapse(SECOND)
  source.doubt(20 * HOUR)
  await clock.elapse(HOUR)
  assert.equal(passwordOf(secret), 'value-1')
  assert.equal(secret.state, 'fresh')
  await clock.elapse(18 * HOUR)
  assert.equal(secret.state, 'fresh')
  assert.equal(source.asked.filter(each => each.startsWith('fetch')).length, 2)
  source.asked.length = 0
  source.doubt(10 * SECOND)
  source.failing = 'unavailable'
  await clock.elapse(60 * SECOND)
  assert.ok(source.asked.length < 30, `${source.asked.length} requests in a minute`)
  source.failing = undefined
  await clock.elapse(60 * SECOND)
  assert.equal(secret.state, 'fresh')
})

test('an answer that will stay the same is asked for slowly, and disturbs no other secret', async () => {
  const { clock, source, want } = world()
  source.failing = 'forbidden'
  const { secret } = want('a')
  await clock.elapse(HOUR)
  assert.ok(source.asked.length < 25, `${source.asked.length} requests in an hour`)
  assert.equal(secret.state, 'waiting')
  assert.equal(secret.problem?.reason, 'forbidden')
  assert.equal(secret.problem?.attempts, source.asked.length)
})

test('an hour’s outage under 200 secrets: none is asked for more than twice a minute, all are back within two', async () => {
  const { clock, source, want } = world()
  const wanted = Array.from({ length: 200 }, (_, n) => want(`s-${n}`))
  await clock.elapse(0)
  source.failing = 'unavailable'
  source.asked.length = 0
  await clock.elapse(HOUR)
  assert.ok(source.asked.length < 200 * 130, `${source.asked.length} requests`)
  source.failing = undefined
  source.asked.length = 0
  await clock.elapse(120 * SECOND)
  assert.equal(wanted.filter(({ secret }) => secret.problem === undefined).length, 200)
  assert.equal(source.asked.length, 200)
})

test('what is watched is fetched when its source says so, and is stale while it cannot be read', async () => {
  const { clock, source, want } = world()
  source.timing = () => ({ kind: 'watched' })
  const { secret } = want('file')
  await clock.elapse(HOUR)
  assert.equal(source.asked.length, 1)
  source.touch('file')
  await clock.elapse(0)
  assert.equal(passwordOf(secret), 'value-2')
  source.failing = 'invalid'
  source.touch('file')
  await clock.elapse(SECOND)
  assert.equal(secret.state, 'stale')
  assert.equal(passwordOf(secret), 'value-2')
})

test('what is rotated by its server is fetched a second later, a certificate at 90 % of its time', async () => {
  const { clock, source, want } = world()
  const start = clock.now()
  const timings: Record<string, Timing> = {
    role: { kind: 'rotated', atMs: start + 60 * SECOND },
    cert: { kind: 'expires', fromMs: start, atMs: start + 100 * SECOND },
  }
  source.timing = path => timings[path]!
  want('role')
  want('cert')
  await clock.elapse(60.9 * SECOND)
  assert.deepEqual(source.asked, ['fetch role', 'fetch cert'])
  timings['role'] = { kind: 'rotated', atMs: start + 120 * SECOND }
  await clock.elapse(0.2 * SECOND)
  assert.deepEqual(source.asked, ['fetch role', 'fetch cert', 'fetch role'])
  await clock.elapse(29 * SECOND)
  assert.equal(source.asked.at(-1), 'fetch cert')
})

test('a value that comes with its time over does not end in a storm', async () => {
  const { clock, source, want } = world()
  source.timing = () => ({ kind: 'rotated', atMs: clock.now() })
  const { secret } = want('role')
  await clock.elapse(HOUR)
  assert.ok(source.asked.length < 25, `${source.asked.length} requests in an hour`)
  assert.equal(secret.problem?.reason, 'invalid')
})

test('a wall clock that is set neither ends nor prolongs leases: their server is asked', async () => {
  const { clock, source, want, leased } = world()
  leased(HOUR)
  const { secret } = want('db')
  await clock.elapse(SECOND)
  clock.setWall(clock.now() + 10 * HOUR)
  await clock.elapse(30 * SECOND)
  assert.equal(secret.state, 'fresh')
  assert.deepEqual(source.asked, ['fetch db', 'renew db'])
})

test('what nobody wants any more is forgotten after a moment, and is not asked for again', async () => {
  const { clock, source, secrets, want } = world()
  const wanted = want('a')
  await clock.elapse(0)
  wanted[Symbol.dispose]()
  want('a')[Symbol.dispose]()
  await clock.elapse(29 * SECOND)
  assert.equal(secrets.size, 1)
  await clock.elapse(2 * SECOND)
  assert.equal(secrets.size, 0)
  await clock.elapse(HOUR)
  assert.equal(source.asked.length, 1)
})

test('secrets do not show their values when they are printed', async () => {
  const { inspect } = await import('node:util')
  const { clock, want } = world()
  const { secret } = want('a')
  await clock.elapse(0)
  for (const text of [inspect(secret, { depth: 9 }), JSON.stringify(secret.value), `${secret.value}`])
    assert.ok(!text.includes('value-1'), text)
})

/** What the next process finds: the values of `before`, as they were when it ended. */
async function restarted(given: {
  readonly trusted: boolean
  readonly awayMs?: number
  readonly tokenMs?: number
  readonly failing?: 'unavailable' | 'lost'
}) {
  const { clock, source, secrets, want, leased } = world()
  leased(HOUR)
  const { tokenMs } = given
  if (tokenMs !== undefined) source.leasesEndAtMs = () => clock.now() + tokenMs
  want('db')
  await clock.elapse(SECOND)
  const kept = new Map([...secrets.good()].map(({ key, value }) => [key, value]))
  secrets[Symbol.dispose]()
  await clock.elapse(given.awayMs ?? 0)
  source.asked.length = 0
  source.failing = given.failing === 'unavailable' ? 'unavailable' : undefined
  if (given.failing === 'lost') source.renew = async () => Promise.reject(new SourceFailure('lost', 'gone'))
  const next = new Secrets({
    clock,
    random: () => 0.5,
    signal: new AbortController().signal,
    intervalMs: 300 * SECOND,
    threshold: 0.9,
    maxSecrets: 1000,
    maxRequests: 8,
    onOutcome: () => {},
    kept: key => kept.get(key),
    trustsKept: given.trusted,
  })
  const { secret } = next.want('fake', source, { path: 'db' }, () => {})
  await clock.elapse(0)
  return { clock, source, secret }
}

test('the next process goes on with a lease that its server still knows, and asks for no other', async () => {
  const { source, secret } = await restarted({ trusted: false })
  assert.deepEqual(source.asked, ['renew db'])
  assert.equal(passwordOf(secret), 'value-1')
  assert.equal(secret.state, 'fresh')
})

test('a lease ends with the token of the process before: it is renewed, and replaced in time; after that it is no value', async () => {
  const { clock, source, secret } = await restarted({ trusted: false, tokenMs: 3 * HOUR })
  await clock.elapse(HOUR)
  assert.equal(passwordOf(secret), 'value-1')
  assert.ok(!source.asked.some(each => each.startsWith('fetch')), source.asked.join())
  await clock.elapse(HOUR)
  assert.equal(passwordOf(secret), 'value-2')
  assert.equal(secret.state, 'fresh')
  const late = await restarted({ trusted: false, tokenMs: 0.5 * HOUR, awayMs: 0.6 * HOUR })
  assert.deepEqual(late.source.asked, ['fetch db'])
})

test('a lease that is not known any more, or that ended meanwhile, is no value', async () => {
  const lost = await restarted({ trusted: false, failing: 'lost' })
  await lost.clock.elapse(SECOND)
  assert.equal(passwordOf(lost.secret), 'value-2')
  const over = await restarted({ trusted: true, awayMs: 2 * HOUR })
  assert.deepEqual(over.source.asked, ['fetch db'])
})

test('while the source is away a kept value waits for its source, unless it is trusted; its lease goes on afterwards', async () => {
  for (const trusted of [false, true]) {
    const { clock, source, secret } = await restarted({ trusted, failing: 'unavailable' })
    assert.equal(passwordOf(secret), trusted ? 'value-1' : undefined)
    source.failing = undefined
    await clock.elapse(60 * SECOND)
    assert.equal(passwordOf(secret), 'value-1')
    assert.ok(!source.asked.some(each => each.startsWith('fetch')), source.asked.join())
  }
})

for (const [what, awayMs, asked] of [
  ['goes on with a certificate, and asks for no other before its time', 10 * SECOND, []],
  ['has a certificate that is near its end, and asks for another at once', 0.95 * HOUR, ['fetch pki']],
  ['asks for another certificate where the kept one has ended', 1.1 * HOUR, ['fetch pki']],
] as const)
  test(`the next process ${what}`, async () => {
    const { clock, source, secrets } = world()
    const now = clock.now()
    const timing = { kind: 'expires', fromMs: now, atMs: now + HOUR, standsAlone: true } as const
    const earlier = () => new SecretValue({ data: new Map([['password', 'kept']]), timing })
    source.timing = () => ({ ...timing, fromMs: clock.now(), atMs: clock.now() + HOUR })
    await clock.elapse(awayMs)
    const { secret } = secrets.want('fake', source, { path: 'pki', earlier }, () => {})
    assert.equal(
      secret.value === undefined ? undefined : passwordOf(secret),
      awayMs < HOUR ? 'kept' : undefined,
    )
    await clock.elapse(SECOND)
    assert.deepEqual(source.asked, asked)
    await clock.elapse(HOUR)
    assert.notEqual(passwordOf(secret), 'kept')
    assert.equal(secret.state, 'fresh')
  })
