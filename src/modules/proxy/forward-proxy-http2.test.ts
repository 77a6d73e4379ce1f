import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { rawBackend, startProxy } from './proxy-fake.ts'

test('a forward proxy carries a tunnel in a stream of HTTP/2, and each side ends by itself', async () => {
  const back = await rawBackend()
  await using proxy = await startProxy(['127.0.0.1:9'], {
    upstream: undefined,
    forward: { allow: [back.address] },
  })
  const session = connect(`http://127.0.0.1:${proxy.port}`)
  try {
    const stream = session.request({ ':method': 'CONNECT', ':authority': back.address })
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 200)
    const peer = await back.next()
    stream.write('ping')
    await peer.hears(/^ping$/)
    peer.say('pong')
    assert.equal(String((await once(stream, 'data'))[0]), 'pong')
    peer.socket.end()
    await once(stream, 'end')
    stream.end('late')
    assert.equal(await peer.end(), 'pinglate')
    assert.equal(proxy.host.metric('bytes_total', { listener: 'front', direction: 'sent' }), 4)
  } finally {
    session.destroy()
    back.close()
  }
})

test('a forward proxy refuses a tunnel in a stream, and the connection goes on', async () => {
  await using proxy = await startProxy(['127.0.0.1:9'], { upstream: undefined, forward: {} })
  const session = connect(`http://127.0.0.1:${proxy.port}`)
  try {
    for (const authority of ['127.0.0.1:443', 'example.com']) {
      const stream = session.request({ ':method': 'CONNECT', ':authority': authority })
      const [headers] = await once(stream, 'response')
      assert.equal(headers[':status'], authority === 'example.com' ? 400 : 403)
      stream.resume()
      await once(stream, 'close')
    }
  } finally {
    session.destroy()
  }
})
