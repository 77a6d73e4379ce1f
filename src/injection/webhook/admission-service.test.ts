import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { servedEachTest } from '../../http/server/served-fake.ts'
import type { FakeClock } from '../../kernel/clock/fake.ts'
import { fakeHost } from '../../kernel/host-fake.ts'
import { type AdmissionServiceOptions, admissionService } from './admission-service.ts'
import { ReviewMetrics } from './metrics.ts'
import { knowledgeOf, podOf, reviewOf } from './review-fake.ts'

const MAX_BODY_BYTES = 64 * 1024
const ASKS = { 'outrigger.dev/inject': 'logs' }

interface Answer {
  readonly error?: string
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly patch?: string
    readonly status: { readonly code: number; readonly message: string }
  }
}

describe('the admission service', () => {
  const served = servedEachTest()

  async function serve(more: Partial<AdmissionServiceOptions> = {}) {
    const host = fakeHost({ name: 'injection', clock: served.clock as FakeClock })
    const metrics = new ReviewMetrics(host.metrics)
    served.handler = admissionService({
      knowledge: () => knowledgeOf('injected'),
      ...{ clock: served.clock, log: host.log, metrics },
      ...{ maxBodyBytes: MAX_BODY_BYTES, timeoutMs: 2000, maxReviews: 10 },
      ...more,
    })
    return host
  }

  async function ask(path: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
    const response = await fetch(`http://127.0.0.1:${served.port}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body: body as string,
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer }
  }

  it('answers with the patch, what to warn of and what to keep in the audit log of the cluster', async () => {
    const host = await serve()
    const { status, body } = await ask('/mutate', JSON.stringify(reviewOf(podOf(ASKS))))
    assert.equal(status, 200)
    const { patch, ...response } = body.response
    assert.deepEqual(
      { ...body, response },
      {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid: 'b8c1',
          allowed: true,
          patchType: 'JSONPatch',
          auditAnnotations: { outcome: 'injected' },
        },
      },
    )
    assert.equal(JSON.parse(Buffer.from(patch!, 'base64').toString())[0].op, 'add')
    assert.equal(host.metric('reviews_total', { outcome: 'injected', reason: '' }), 1)
    const [record] = host.log.of('pod_injected')
    assert.equal(record!.fields['namespace'], 'shop')
    assert.equal(record!.fields['name'], 'web-…')
    assert.equal(record!.fields['user'], 'alice')
    await host.close()
  })

  it('counts only what was injected as injected', async () => {
    let knowledge = knowledgeOf('failed', { reason: 'conflict' })
    const host = await serve({ knowledge: () => knowledge })
    await ask('/mutate', JSON.stringify(reviewOf(podOf(ASKS))))
    knowledge = knowledgeOf('unchanged', { reason: 'not_asked' })
    await ask('/mutate', JSON.stringify(reviewOf(podOf())))
    assert.equal(host.metric('reviews_total', { outcome: 'failed', reason: 'conflict' }), 1)
    assert.equal(host.metric('reviews_total', { outcome: 'unchanged', reason: 'not_asked' }), 1)
    assert.equal(host.metric('reviews_total', { outcome: 'injected', reason: '' }), undefined)
    await host.close()
  })

  it('denies with what is wrong and how to mend it', async () => {
    const host = await serve({
      knowledge: () => knowledgeOf('failed', { reason: 'conflict', onFailure: 'deny' }),
    })
    const { status, body } = await ask('/mutate', JSON.stringify(reviewOf(podOf(ASKS))))
    assert.equal(status, 200)
    assert.equal(body.response.allowed, false)
    assert.equal(body.response.status.code, 403)
    assert.match(body.response.status.message, /it does not go; mend it/)
    assert.equal(body.response.patch, undefined)
    await host.close()
  })

  const good = JSON.stringify(reviewOf(podOf(ASKS)))
  const bad: readonly (readonly [string, string, string, number, RegExp])[] = [
    ['nothing', '/mutate', '', 400, /no JSON/],
    ['a review that was cut off', '/mutate', good.slice(0, -20), 400, /no JSON/],
    ['a list', '/mutate', '[]', 400, /no object/],
    [
      'an older version',
      '/mutate',
      good.replace('.io/v1"', '.io/v1beta1"'),
      400,
      /expected apiVersion.*v1beta1/,
    ],
    ['another kind', '/mutate', good.replace('AdmissionReview', 'Pod'), 400, /expected kind.*Pod/],
    ['no uid', '/mutate', good.replace('"uid":"b8c1",', ''), 400, /request\.uid/],
    ['no object', '/validate', JSON.stringify(reviewOf(podOf(), { object: null })), 400, /object is missing/],
    ['an unknown operation', '/validate', good.replace('CREATE', 'PATCH'), 400, /operation.*PATCH/],
    ['too much', '/mutate', ' '.repeat(MAX_BODY_BYTES + 1), 413, /65536 bytes/],
    ['another path', '/inject', good, 404, /POST \/mutate/],
  ]
  for (const [what, path, body, status, message] of bad)
    it(`refuses ${what} with ${status}`, async () => {
      const host = await serve()
      const answer = await ask(path, body)
      assert.equal(answer.status, status)
      assert.match(answer.body.error ?? answer.body.response.status.message, message)
      if (answer.body.response) assert.equal(answer.body.response.uid, 'b8c1')
      await host.close()
    })

  it('refuses another content type, and another method', async () => {
    const host = await serve()
    assert.equal((await ask('/mutate', good, { 'content-type': 'text/plain' })).status, 415)
    const { port } = served
    const got = await fetch(`http://127.0.0.1:${port}/mutate`, { headers: { connection: 'close' } })
    assert.equal(got.status, 405)
    assert.equal(got.headers.get('allow'), 'POST')
    await got.text()
    assert.equal(host.metric('requests_refused_total', { reason: 'content_type' }), 1)
    assert.equal(host.metric('requests_refused_total', { reason: 'method' }), 1)
    await host.close()
  })

  it('is not ready without a catalogue, and takes no more than it can', async () => {
    const host = await serve({ knowledge: () => undefined })
    assert.equal((await ask('/mutate', good)).status, 503)
    assert.equal(host.metric('requests_refused_total', { reason: 'not_ready' }), 1)
    await serve({ maxReviews: 0 })
    assert.equal((await ask('/mutate', good)).status, 503)
    await host.close()
  })

  it('gives up a request that does not come to its end in time', async () => {
    const host = await serve()
    const peer = await served.peer()
    peer.say(
      'POST /mutate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    while (host.metric('reviews_under_way') !== 1) await new Promise(resolve => setImmediate(resolve))
    await served.clock.elapse(2000)
    assert.match(await peer.hears(/within/), /^HTTP\/1\.1 408 /)
    assert.equal(host.metric('requests_refused_total', { reason: 'too_slow' }), 1)
    assert.equal(host.metric('reviews_under_way'), 0)
    await host.close()
  })

  it('lets the failurePolicy decide after a fault of its own', async () => {
    const inject = () => {
      throw new Error('a bug')
    }
    const host = await serve({ knowledge: () => knowledgeOf('injected', { inject }) })
    const { status, body } = await ask('/mutate', good)
    assert.equal(status, 500)
    assert.equal(body.response.uid, 'b8c1')
    assert.equal(host.metric('reviews_total', { outcome: 'failed', reason: 'internal_error' }), 1)
    assert.equal(host.log.of('review_failed').length, 1)
    await host.close()
  })

  it('gives a valid answer to whatever comes', async () => {
    const host = await serve()
    const anyObject = fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<unknown>)
    const reviews = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
      fc.jsonValue().map(value => JSON.stringify(value)),
      anyObject.map(object => JSON.stringify(reviewOf(object as never))),
      anyObject.map(request => JSON.stringify(reviewOf({}, request))),
      fc.nat({ max: good.length }).map(length => good.slice(0, length)),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/mutate', '/validate'), reviews, async (path, review) => {
        const { status, body } = await ask(path, review)
        assert.ok([200, 400, 500].includes(status), String(status))
        assert.ok(typeof body.error === 'string' || typeof body.response.uid === 'string')
      }),
      { numRuns: 300 },
    )
    assert.equal(host.log.of('review_failed').length, 0)
    await host.close()
  })
})
