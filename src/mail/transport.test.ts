import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './transport.ts';

test('what a failure means: for this message, or for all', () => {
  const refused = (isForever: boolean, status: string) => ({ is: 'refused', isForever, status });
  const unavailable = (status: string) => ({ is: 'unavailable', status });
  for (const [error, expected] of [
    [
      {
        code: 'EENVELOPE',
        command: 'RCPT TO',
        responseCode: 550,
        response: '550 5.1.1 <ann@b.example>: no such user',
      },
      refused(true, '550 5.1.1'),
    ],
    [
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450, response: '450 4.2.1 try later' },
      refused(false, '450 4.2.1'),
    ],
    [{ code: 'EMESSAGE', command: 'DATA', responseCode: 554, response: '554 spam' }, refused(true, '554')],
    [{ code: 'EMESSAGE', command: 'DATA', responseCode: 451, response: '451 disk' }, refused(false, '451')],
    [{ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 421, response: '421 bye' }, unavailable('421')],
    [{ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 503, response: '503 order' }, unavailable('503')],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550, response: '550 5.7.1 not you' },
      unavailable('550 5.7.1'),
    ],
    [{ code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535, response: '535 no' }, unavailable('535')],
    [{ code: 'ECONNECTION', command: 'CONN' }, unavailable('ECONNECTION')],
    [{ code: 'ETIMEDOUT', command: 'CONN' }, unavailable('ETIMEDOUT')],
    [{ code: 'EABORT' }, unavailable('EABORT')],
    [{}, unavailable('error')],
  ] as const)
    assert.deepEqual(failureOf(error), expected, JSON.stringify(error));
});
