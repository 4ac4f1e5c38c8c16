import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertDocumented } from '../support/openapi.ts';

/** The check that every answer of the test run goes through: that it lets nothing pass. */

const ID = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const enrollment = {
  enrollmentId: ID,
  courseId: ID,
  learnerId: ID,
  accessDate: '2026-01-01',
  enrollmentTypeGroup: 0,
  shouldLockAfterDueDate: false,
};
const inXml = `<enrollment><enrollmentId>${ID}</enrollmentId><courseId>${ID}</courseId><learnerId>${ID}</learnerId><accessDate>2026-01-01</accessDate><enrollmentTypeGroup>0</enrollmentTypeGroup><shouldLockAfterDueDate>0</shouldLockAfterDueDate></enrollment>`;

interface Said {
  method?: string;
  path?: string;
  status?: number;
  headers?: Record<string, string>;
  text: string;
}
const check = ({ method = 'GET', path = '/enrollment', status = 200, headers = {}, text }: Said): void =>
  assertDocumented(method, path, {
    status,
    headers: new Headers({
      'x-request-id': ID,
      'content-type': text.startsWith('<') ? 'application/xml; charset=UTF-8' : 'application/json',
      ...headers,
    }),
    text,
  });
const json = (value: unknown): string => JSON.stringify(value);

describe('answers are held against the OpenAPI document', () => {
  test('what is documented passes, in JSON and XML, under every prefix', () => {
    check({ text: json([enrollment]) });
    check({ text: '[]' });
    check({ text: '<response/>' });
    check({ text: `<response>${inXml}</response>` });
    check({ path: '/index.php/api/v2/enrollment/?x=1', text: `<response>${inXml}${inXml}</response>` });
    check({ path: `/enrollment/${ID}`, text: `<response>${inXml}</response>` });
    check({ method: 'POST', path: '/department', status: 201, text: json(ID) });
    check({ method: 'POST', path: '/department', status: 201, text: `<response>${ID}</response>` });
  });

  const faults: Record<string, [RegExp, Said]> = {
    'a status that the operation does not list': [/does not list/, { status: 202, text: '[]' }],
    'a missing member': [/accessDate/, { text: json([{ ...enrollment, accessDate: undefined }]) }],
    'a member that is not documented': [/additional/, { text: json([{ ...enrollment, colour: 'red' }]) }],
    'a member of another type': [
      /must be boolean/,
      { text: json([{ ...enrollment, shouldLockAfterDueDate: '0' }]) },
    ],
    'an id that is none': [/format "uuid"/, { text: json([{ ...enrollment, courseId: 'x' }]) }],
    'a list that is wrapped': [/must be array/, { text: json({ enrollments: [enrollment] }) }],
    'an XML root of another name': [/name of an element/, { text: `<answer>${inXml}</answer>` }],
    'an XML item of another name': [/name of an element/, { text: '<response><item/></response>' }],
    'an XML element that is not documented': [
      /colour/,
      { text: `<response>${inXml.replace('</enrollment>', '<colour/></enrollment>')}</response>` },
    ],
    'an XML boolean in words': [
      /shouldLockAfterDueDate/,
      { text: `<response>${inXml.replace('DueDate>0<', 'DueDate>false<')}</response>` },
    ],
    'XML that is not well-formed': [/not well-formed/, { text: `<response>${inXml}` }],
    'a media type that is not documented': [
      /text\/plain/,
      { text: 'Done', headers: { 'content-type': 'text/plain' } },
    ],
    'a body where there is none': [
      /with a body/,
      { method: 'DELETE', path: `/content/${ID}`, status: 204, text: '{}' },
    ],
    'a header that is not documented': [
      /rollbook-colour/,
      { text: '[]', headers: { 'rollbook-colour': 'red' } },
    ],
    'a header that is missing': [
      /without the header location/,
      { method: 'POST', status: 201, text: '', headers: { 'content-type': '' } },
    ],
    'a refusal that the operation does not list': [
      /rollbook-error/,
      {
        status: 400,
        text: json({ code: 400, message: 'No' }),
        headers: { 'rollbook-error': 'people.last_owner' },
      },
    ],
  };
  for (const [name, [message, said]] of Object.entries(faults))
    test(`${name} fails`, () => assert.throws(() => check(said), message));
});
