import { get, one, post, refused, remove, setup, UNKNOWN } from './people.ts';
import { contract, type Row } from './runner.ts';

/** Addresses of calendars, endpoints of our own. What they lead to is in test/calendar. */

const URL = 'https://academy.example/calendar/{*secret}.ics';
const AT = '2026-03-02T09:30:00+00:00';
const made: Row['expect'] = one({ json: { url: URL }, xml: `<calendar><url>${URL}</url></calendar>` }, 201);
const isThere: Row['expect'] = one({
  json: { createdAt: AT },
  xml: `<calendar><createdAt>${AT}</createdAt></calendar>`,
});
const notThere = refused('people.unknown_user', 404, `User not found: ${UNKNOWN}.`);
const none = refused('calendar.none', 404, 'The calendar of user {eve} has no address.');
const foreign = refused(
  'auth.user_scope',
  403,
  'Permission denied: user {hank} does not belong to a department you manage.',
);

contract('calendars', setup, [
  {
    name: 'POST /user/{id}/calendar, GET and DELETE',
    ...post('/user/{ben}/calendar'),
    expect: made,
    afterwards: [
      { ...get('/user/{ben}/calendar'), expect: isThere },
      { ...remove('/user/{ben}/calendar'), expect: { status: 204 } },
      { ...remove('/user/{ben}/calendar'), expect: { status: 204 } },
    ],
  },
  {
    name: 'POST /user/{id}/calendar of the caller',
    ...post('/user/{ann}/calendar', undefined, 'learner'),
    expect: made,
    afterwards: [{ ...get('/user/{ann}/calendar', 'learner'), expect: isThere }],
  },
  {
    name: 'POST /user/{id}/calendar by who manages the user',
    ...post('/user/{ben}/calendar', undefined, 'manager'),
    expect: made,
  },
  {
    name: 'GET /user/{id}/calendar that has no address',
    ...get('/user/{eve}/calendar'),
    expect: none,
  },
  ...[post, get, remove].flatMap((method): Row[] => {
    const ask = (id: string, as?: string) => {
      const path = `/user/${id}/calendar`;
      return method === post ? post(path, undefined, as) : (method as typeof get)(path, as);
    };
    return [
      { name: `${method.name} /user/{id}/calendar that is not there`, ...ask(UNKNOWN), expect: notThere },
      {
        name: `${method.name} /user/{id}/calendar of another manager`,
        ...ask('{hank}', 'manager'),
        expect: foreign,
      },
      {
        name: `${method.name} /user/{id}/calendar of another learner`,
        ...ask('{eve}', 'learner'),
        expect: refused('auth.role', 403, 'Permission denied.'),
      },
      {
        name: `${method.name} /user/{id}/calendar of somebody who outranks the caller`,
        ...ask('{admin}', 'manager'),
        expect: refused('auth.outranked', 403, 'Permission denied: user {admin} outranks you.'),
      },
      {
        name: `${method.name} /user/{id}/calendar of no id`,
        ...ask('x'),
        expect: refused('request.invalid', 400, 'id: must be a UUID, got x.'),
      },
    ];
  }),
]);
