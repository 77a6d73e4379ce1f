import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeAws } from './put-answer.ts'

describe('an answer of CloudWatch Logs', () => {
  const table: [number, object | string, string, RegExp?][] = [
    [200, {}, 'ok'],
    [
      400,
      { __type: 'ResourceNotFoundException', message: 'The specified log group does not exist.' },
      'missing',
      /log group does not exist/,
    ],
    [400, { __type: 'com.amazonaws.logs#ResourceNotFoundException' }, 'missing'],
    [400, { __type: 'ResourceAlreadyExistsException' }, 'exists'],
    [400, { __type: 'DataAlreadyAcceptedException' }, 'exists'],
    [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }, 'failed', /Rate exceeded/],
    [400, { __type: 'ServiceUnavailableException' }, 'failed'],
    [500, { __type: 'InternalFailure' }, 'failed'],
    [503, '<html>slow down</html>', 'failed', /503: <html>slow down/],
    [429, '', 'failed'],
    [413, '', 'too_large'],
    [
      400,
      {
        __type: 'InvalidParameterException',
        message: 'Upload too large: 1048577 bytes exceeds limit of 1048576',
      },
      'too_large',
    ],
    [
      400,
      { __type: 'InvalidParameterException', message: 'must be in chronological order' },
      'refused',
      /chronological/,
    ],
    [
      400,
      { __type: 'UnrecognizedClientException', message: 'The security token is invalid.' },
      'credentials',
      /token is invalid/,
    ],
    [403, { __type: 'ExpiredTokenException' }, 'credentials'],
    [
      400,
      { __type: 'InvalidSignatureException', message: 'Signature expired: 2015 is now earlier than 2016' },
      'credentials',
      /clock is off/,
    ],
    [
      400,
      { __type: 'AccessDeniedException', Message: 'not authorized to perform: logs:PutLogEvents' },
      'refused',
      /logs:PutLogEvents/,
    ],
    [404, 'not found', 'refused', /404: not found/],
  ]
  for (const [status, body, kind, says] of table) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    test(`${status} ${text} means ${kind}`, () => {
      const verdict = judgeAws(status, Buffer.from(text))
      assert.equal(verdict.kind, kind)
      if (says) assert.match('reason' in verdict ? verdict.reason : '', says)
    })
  }

  test('tells which events the service did not want', () => {
    const info = { tooOldLogEventEndIndex: 2, expiredLogEventEndIndex: 1, tooNewLogEventStartIndex: 9 }
    assert.deepEqual(judgeAws(200, Buffer.from(JSON.stringify({ rejectedLogEventsInfo: info }))), {
      kind: 'ok',
      rejected: { tooOldEnd: 2, expiredEnd: 1, tooNewStart: 9 },
    })
  })
})
