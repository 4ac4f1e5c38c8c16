import { addCustomRole, addSession, addTraining, addUser, daysOf } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Section 8 of the contract: trainings, their sessions and days. Seats are in seats.test.ts. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';

async function setup(world: World): Promise<Names> {
  const organizer = await addUser(world, {
    role: 'department_administrator',
    manages: [world.account.rootDepartmentId],
  });
  const viewer = await addUser(world, { roleId: await addCustomRole(world, ['training.read']) });
  const training = await addTraining(world, {
    title: 'Fire & water',
    organizer,
    type: 'Webinar',
    timeZone: 'America/Los_Angeles',
  });
  const morning = await addSession(world, training, {
    title: 'Morning',
    instructor: organizer,
    days: [
      { startTime: '2026-11-02 17:00:00', duration: 5400, location: 'Room 1' },
      { startTime: '2026-03-31 22:30:00', duration: 3600, url: 'https://meet.example/a?b=1&c=2' },
    ],
  });
  const evening = await addSession(world, training, {
    title: 'Evening',
    days: [{ startTime: '2026-04-01', duration: 60 }],
  });
  const [first = '', second = ''] = await daysOf(world, morning);
  const [only = ''] = await daysOf(world, evening);
  return {
    ...{ training, morning, evening, first, second, only, organizer },
    bare: await addTraining(world, { title: 'Bare' }),
    manager: await world.tokenOf(organizer),
    viewer: await world.tokenOf(viewer),
    learner: await world.tokenOf(await addUser(world)),
  };
}

const morning = {
  json: {
    id: '{morning}',
    title: 'Morning',
    startTime: '2026-03-31T15:30:00-07:00',
    duration: 18_648_000,
    instructor: '{organizer}',
    dayIds: ['{first}', '{second}'],
  },
  xml: `<trainingSession>
    <id>{morning}</id>
    <title>Morning</title>
    <startTime>2026-03-31T15:30:00-07:00</startTime>
    <duration>18648000</duration>
    <instructor>{organizer}</instructor>
    <dayIds><id>{first}</id><id>{second}</id></dayIds>
  </trainingSession>`,
};
const evening = {
  json: {
    id: '{evening}',
    title: 'Evening',
    startTime: '2026-03-31T17:00:00-07:00',
    duration: 60,
    dayIds: ['{only}'],
  },
  xml: `<trainingSession>
    <id>{evening}</id>
    <title>Evening</title>
    <startTime>2026-03-31T17:00:00-07:00</startTime>
    <duration>60</duration>
    <dayIds><id>{only}</id></dayIds>
  </trainingSession>`,
};
/** A day whose link the rows change. */
const secondDay = (url?: string) => ({
  status: 200,
  json: {
    dayId: '{second}',
    sessionId: '{morning}',
    trainingId: '{training}',
    startTime: '2026-11-02T09:00:00-08:00',
    duration: 5400,
    location: 'Room 1',
    ...(url ? { url } : {}),
  },
  xml: `<response><day>
    <dayId>{second}</dayId>
    <sessionId>{morning}</sessionId>
    <trainingId>{training}</trainingId>
    <startTime>2026-11-02T09:00:00-08:00</startTime>
    <duration>5400</duration>
    <location>Room 1</location>
    ${url ? `<url>${url}</url>` : ''}
  </day></response>`,
});
const unknownTraining: Row['expect'] = {
  refused: 'training.unknown',
  status: 404,
  message: 'Training not found',
};
const unknownSession: Row['expect'] = {
  refused: 'training.unknown_session',
  status: 404,
  message: 'Training session not found',
};
const unknownDay: Row['expect'] = { refused: 'training.unknown_day', status: 404, message: 'Day not found' };
const denied: Row['expect'] = { refused: 'auth.role', status: 403, message: 'Permission denied.' };
const created: Row['expect'] = { status: 201, json: '{*uuid}', xml: '<response>{*uuid}</response>' };

const reads: readonly Row[] = [
  {
    name: 'GET /training/{id}',
    method: 'GET',
    path: '/training/{training}',
    as: 'viewer',
    expect: {
      status: 200,
      json: {
        title: 'Fire & water',
        organizer: '{organizer}',
        sessions: ['{morning}', '{evening}'],
        type: 'Webinar',
      },
      xml: `<response><training>
        <title>Fire &amp; water</title>
        <organizer>{organizer}</organizer>
        <sessions><id>{morning}</id><id>{evening}</id></sessions>
        <type>Webinar</type>
      </training></response>`,
    },
  },
  {
    name: 'GET /training/{id} without sessions',
    method: 'GET',
    path: '/training/{bare}',
    expect: {
      status: 200,
      json: { title: 'Bare', organizer: '{owner}', sessions: [], type: '' },
      xml: `<response><training>
        <title>Bare</title><organizer>{owner}</organizer><sessions></sessions><type></type>
      </training></response>`,
    },
  },
  {
    name: 'GET /training/{id}, unknown',
    method: 'GET',
    path: `/training/${UNKNOWN}`,
    expect: unknownTraining,
  },
  {
    name: 'GET /training/{id} as a learner',
    method: 'GET',
    path: '/training/{training}',
    as: 'learner',
    expect: denied,
  },
  {
    name: 'GET /training/{id}/sessions',
    method: 'GET',
    path: '/training/{training}/sessions',
    as: 'manager',
    expect: {
      status: 200,
      json: [morning.json, evening.json],
      xml: `<response>${morning.xml}${evening.xml}</response>`,
    },
  },
  {
    name: 'GET /training/{id}/sessions, none',
    method: 'GET',
    path: '/training/{bare}/sessions',
    expect: { status: 200, json: [], xml: '<response/>' },
  },
  {
    name: 'GET /training/{id}/sessions, unknown',
    method: 'GET',
    path: `/training/${UNKNOWN}/sessions`,
    expect: unknownTraining,
  },
  {
    name: 'GET /training/session/{id}',
    method: 'GET',
    path: '/training/session/{morning}',
    expect: { status: 200, json: morning.json, xml: `<response>${morning.xml}</response>` },
  },
  {
    name: 'GET /training/session/{id}, unknown',
    method: 'GET',
    path: `/training/session/${UNKNOWN}`,
    expect: unknownSession,
  },
  {
    name: 'GET /training/day/{id}',
    method: 'GET',
    path: '/training/day/{first}',
    expect: {
      status: 200,
      json: {
        dayId: '{first}',
        sessionId: '{morning}',
        trainingId: '{training}',
        startTime: '2026-03-31T15:30:00-07:00',
        duration: 3600,
        url: 'https://meet.example/a?b=1&c=2',
      },
      xml: `<response><day>
        <dayId>{first}</dayId>
        <sessionId>{morning}</sessionId>
        <trainingId>{training}</trainingId>
        <startTime>2026-03-31T15:30:00-07:00</startTime>
        <duration>3600</duration>
        <url>https://meet.example/a?b=1&amp;c=2</url>
      </day></response>`,
    },
  },
  {
    name: 'GET /training/day/{id}, unknown',
    method: 'GET',
    path: `/training/day/${UNKNOWN}`,
    expect: unknownDay,
  },
];

const writes: readonly Row[] = [
  {
    name: 'POST /training/day/{id}',
    method: 'POST',
    path: '/training/day/{second}',
    as: 'manager',
    body: { url: 'https://meet.example/new' },
    expect: { status: 200 },
    afterwards: [
      { method: 'GET', path: '/training/day/{second}', expect: secondDay('https://meet.example/new') },
    ],
  },
  {
    name: 'POST /training/day/{id} with an empty url takes the link away',
    method: 'POST',
    path: '/training/day/{second}',
    body: { url: '' },
    expect: { status: 200 },
    afterwards: [{ method: 'GET', path: '/training/day/{second}', expect: secondDay() }],
  },
  {
    name: 'POST /training/day/{id} with a link no browser should open',
    method: 'POST',
    path: '/training/day/{second}',
    body: { url: 'javascript:alert(1)' },
    expect: {
      refused: 'request.invalid',
      status: 400,
      message: 'url: must be an http or https address, got javascript:alert(1).',
    },
    afterwards: [{ method: 'GET', path: '/training/day/{second}', expect: secondDay() }],
  },
  {
    name: 'POST /training/day/{id}, unknown',
    method: 'POST',
    path: `/training/day/${UNKNOWN}`,
    body: { url: 'https://meet.example/new' },
    expect: unknownDay,
  },
  {
    name: 'POST /training',
    method: 'POST',
    path: '/training',
    body: {
      title: 'New',
      timeZone: 'Europe/Berlin',
      registrationDeadlineHours: 24,
      cancellationDeadlineHours: 0,
    },
    expect: created,
    afterwards: [
      {
        method: 'GET',
        path: '/training/{created}',
        expect: {
          status: 200,
          json: { title: 'New', organizer: '{owner}', sessions: [], type: '' },
          xml: `<response><training>
            <title>New</title><organizer>{owner}</organizer><sessions></sessions><type></type>
          </training></response>`,
        },
      },
    ],
  },
  {
    name: 'POST /training in a time zone that is none',
    method: 'POST',
    path: '/training',
    body: { title: 'New', timeZone: 'Mars/Olympus' },
    expect: {
      refused: 'request.invalid',
      status: 400,
      message: 'timeZone: is no time zone: Mars/Olympus.',
    },
  },
  {
    name: 'POST /training of an unknown organizer',
    method: 'POST',
    path: '/training',
    body: { title: 'New', organizer: UNKNOWN },
    expect: { refused: 'people.unknown_users', status: 400, message: `organizer: unknown users ${UNKNOWN}.` },
  },
  {
    name: 'POST /training/{id}/sessions',
    method: 'POST',
    path: '/training/{bare}/sessions',
    body: { title: 'One', days: [{ startTime: '2026-07-01T09:00:00+02:00', duration: '3600' }] },
    xmlBody: `<request><title>One</title><days>
      <day><startTime>2026-07-01T09:00:00+02:00</startTime><duration>3600</duration></day>
    </days></request>`,
    expect: created,
    afterwards: [
      {
        method: 'GET',
        path: '/training/session/{created}',
        expect: {
          status: 200,
          json: {
            id: '{created}',
            title: 'One',
            startTime: '2026-07-01T07:00:00+00:00',
            duration: 3600,
            dayIds: ['{*uuid}'],
          },
          xml: `<response><trainingSession>
            <id>{created}</id>
            <title>One</title>
            <startTime>2026-07-01T07:00:00+00:00</startTime>
            <duration>3600</duration>
            <dayIds><id>{*uuid}</id></dayIds>
          </trainingSession></response>`,
        },
      },
    ],
  },
  {
    name: 'POST /training/{id}/sessions of an unknown training',
    method: 'POST',
    path: `/training/${UNKNOWN}/sessions`,
    body: { title: 'One', days: [{ startTime: '2026-07-01', duration: 60 }] },
    xmlBody:
      '<request><title>One</title><days><day><startTime>2026-07-01</startTime><duration>60</duration></day></days></request>',
    expect: unknownTraining,
  },
  {
    name: 'POST /training/{id}/sessions with a link no browser should open',
    method: 'POST',
    path: '/training/{bare}/sessions',
    body: { title: 'One', days: [{ startTime: '2026-07-01', duration: 60, url: 'file:///etc' }] },
    xmlBody:
      '<request><title>One</title><days><day><startTime>2026-07-01</startTime><duration>60</duration><url>file:///etc</url></day></days></request>',
    expect: {
      refused: 'request.invalid',
      status: 400,
      message: 'days[0].url: must be an http or https address, got file:///etc.',
    },
  },
];

contract('trainings, sessions and days', setup, [...reads, ...writes]);
