import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readSmtpUrl } from './smtp-url.ts';

describe('SMTP_URL', () => {
  test('what it says', () => {
    assert.deepEqual(readSmtpUrl('smtp://a%40b:p%2Fw@mail.example?from=x@mail.example', null), {
      host: 'mail.example',
      port: 587,
      isSecure: false,
      requiresTls: true,
      ignoresTls: false,
      user: 'a@b',
      password: 'p/w',
      from: 'x@mail.example',
    });
    const secure = readSmtpUrl('smtps://mail.example?tls=optional', 'y@mail.example');
    assert.ok('port' in secure);
    assert.deepEqual([secure.port, secure.isSecure, secure.from], [465, true, 'y@mail.example']);
    const near = readSmtpUrl('smtp://u:p@[::1]:25?tls=off', 'y@mail.example');
    assert.ok('port' in near);
    assert.deepEqual([near.host, near.port, near.requiresTls, near.ignoresTls], ['::1', 25, false, true]);
  });

  test('a password is sent in the clear to nobody but this machine, unless the operator says so', () => {
    const required = (url: string) => {
      const target = readSmtpUrl(url, 'y@mail.example');
      return 'requiresTls' in target && target.requiresTls;
    };
    assert.equal(required('smtp://u:p@mail.example'), true);
    assert.equal(required('smtp://u:p@localhost'), false);
    assert.equal(required('smtp://mail.example'), false);
    assert.equal(required('smtp://u:p@mail.example?tls=optional'), false);
  });

  test('what is wrong with it, without what is secret', () => {
    for (const [url, from, fault] of [
      ['mail.example', 'y@m.example', /is no address/],
      ['http://mail.example', 'y@m.example', /must begin with smtp/],
      ['smtp://mail.example', null, /needs \?from=/],
      ['smtp://mail.example?from=a@b.example,c@d.example', null, /no single plain address/],
      ['smtp://mail.example?form=a@b.example', null, /unknown parameter form/],
      ['smtp://mail.example/inbox?from=a@b.example', null, /nothing after the port/],
      ['smtp://mail.example?from=a@b.example&tls=maybe', null, /tls must be one of/],
      ['smtp://u:s3cret%zz@mail.example?from=a@b.example', null, /broken % code/],
    ] as const) {
      const read = readSmtpUrl(url, from);
      assert.ok('fault' in read, url);
      assert.match(read.fault, fault);
      assert.doesNotMatch(read.fault, /s3cret/);
    }
  });
});
