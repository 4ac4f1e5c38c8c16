import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { statesIn } from '../mail/sending.ts';
import { ENGINES } from '../support/database.ts';
import { enroll } from '../support/learning.ts';
import { type Mailbox, parsed, startMailbox } from '../support/mailbox.ts';
import { addCourse, addDepartment, addUser } from '../support/people.ts';
import { type Answer, call, startWorld, type World } from '../support/server.ts';
import { type Page, Visitor, wordsOf } from '../support/visitor.ts';

const PASSWORD = 'correct horse battery';
const DAY_MS = 86_400_000;

interface Request {
  readonly requestId: string;
  readonly enrollmentId: string;
  readonly learnerId: string;
  readonly state: string;
  readonly message?: string;
  readonly answer?: string;
}

for (const engine of ENGINES)
  describe(`asking to unlock (${engine})`, () => {
    let world: World;
    let mailbox: Mailbox;
    let sales: string;
    let emea: string;
    /** Manages Sales; manages HR; by token. */
    let manager: { readonly userId: string; readonly token: string };
    let foreigner: { readonly userId: string; readonly token: string };
    let no = 0;
    before(async () => {
      mailbox = await startMailbox();
      world = await startWorld(engine, { now: new Date('2026-03-02T09:00:00Z'), mail: mailbox.config });
      sales = await addDepartment(world, 'Sales');
      emea = await addDepartment(world, 'EMEA', sales);
      const managing = async (login: string, department: string) => {
        const role = 'department_administrator';
        const userId = await addUser(world, { login, role, manages: [department] });
        return { userId, token: await world.tokenOf(userId) };
      };
      manager = await managing('manager', sales);
      foreigner = await managing('foreigner', await addDepartment(world, 'HR'));
    });
    after(async () => {
      await world.close();
      await mailbox.close();
    });

    const date = (days: number): string => new Date(world.clock.now.getTime() + days * DAY_MS).toISOString();
    const until = (days: number) => ({
      dueDateType: 'due_date',
      dueDate: date(days),
      accessDate: date(-20),
      lockAfterDueDate: true,
    });
    interface Locked {
      readonly userId: string;
      readonly enrollmentId: string;
      readonly path: string;
      readonly visit: Visitor;
    }
    const locked = async (
      departmentId = emea,
      terms: Record<string, unknown> = until(-1),
    ): Promise<Locked> => {
      const login = `locked-${++no}`;
      const userId = await addUser(world, { login, password: PASSWORD, departmentId });
      const itemId = await addCourse(world, 'Page', { title: 'Knots & bends' });
      const enrollmentId = await enroll(world, userId, itemId, terms);
      const visit = new Visitor(world);
      await visit.signIn(login, PASSWORD);
      return { userId, enrollmentId, path: `/my/learning/${enrollmentId}`, visit };
    };
    const ask = async ({ visit, path }: Locked, message = ''): Promise<Page> => {
      await visit.get(path);
      return visit.submit(`${path}/unlock`, { message });
    };
    const list = async (query: string, token = manager.token): Promise<Request[]> => {
      const answer = await call(world, 'GET', `/enrollment/unlock-requests${query}`, { token });
      assert.equal(answer.status, 200, answer.text);
      return (answer.json as { unlockRequests: Request[] }).unlockRequests;
    };
    const requestOf = async ({ enrollmentId }: Locked): Promise<Request> => {
      const own = (await list('')).filter((request) => request.enrollmentId === enrollmentId);
      assert.equal(own.length, 1);
      return own[0] as Request;
    };
    const decline = (requestId: string, json: object, token = manager.token): Promise<Answer> =>
      call(world, 'POST', `/enrollment/unlock-requests/${requestId}/decline`, { token, json });
    /** Edits it; where the operation is. */
    const edit = async ({ enrollmentId }: Locked, terms: Record<string, unknown>): Promise<string> => {
      const answer = await call(world, 'POST', `/enrollment/${enrollmentId}`, {
        token: manager.token,
        json: terms,
      });
      assert.equal(answer.status, 200, answer.text);
      return answer.headers.get('location') ?? '';
    };
    /** To whom mail came since it was last asked. */
    const told = async (): Promise<string[]> => {
      await world.app.jobs.round();
      return mailbox.taken.splice(0).flatMap(({ to }) => to);
    };

    test('asked once, however often it is clicked; whoever manages the learner is told, and nobody else', async () => {
      const own = await locked();
      const page = await own.visit.get(own.path);
      assert.match(
        wordsOf(page),
        /This is locked since Sunday, March 1, 2026.*Message \(optional\).*Ask to unlock/,
      );
      const asked = await ask(own, ' Was ill <b>\r\nlast week\u0007 ');
      assert.equal(`${asked.status} ${asked.location}`, `303 ${own.path}?asked=1`);
      const shown = await own.visit.get(asked.location ?? '');
      assert.match(
        wordsOf(shown),
        /Your request was sent\..*You asked to unlock this on Monday, March 2, 2026.*Was ill <b> last week You will see the answer here\./,
      );
      assert.doesNotMatch(shown.text, /<textarea/);
      const csrf = /name="csrf" value="([^"]+)"/.exec(shown.text)?.[1] ?? '';
      const clicks = Array.from({ length: 4 }, (_, n) =>
        own.visit.post(`${own.path}/unlock`, { csrf, message: `again ${n}` }),
      );
      for (const click of await Promise.all(clicks)) assert.equal(click.status, 303);
      const request = await requestOf(own);
      assert.deepEqual(
        [request.state, request.message, request.learnerId],
        ['open', 'Was ill <b>\nlast week', own.userId],
      );
      await world.app.jobs.round();
      const [mail] = mailbox.taken;
      assert.deepEqual(await told(), ['manager@academy.example']);
      const message = await parsed(mail);
      assert.equal(message.subject, `locked-${no} asks for more time: Knots & bends`);
      assert.match(message.text ?? '', /Message: Was ill <b> last week\n/);
      assert.doesNotMatch(String(message.html), /<b>/);
      assert.deepEqual(await list('', foreigner.token), []);
      assert.equal((await decline(request.requestId, {}, foreigner.token)).code, 'auth.unlock_scope');
      assert.equal((await list('', world.token)).length, 1);
      const events = (await call(world, 'GET', '/events?types=UNLOCK_REQUESTED')).json as {
        events: { payload: object }[];
      };
      assert.deepEqual(
        events.events.map(({ payload }) => Object.values(payload).flat().includes(own.enrollmentId)),
        [true],
      );
    });

    test('the first clicks of two tabs at once are one request', async () => {
      const own = await locked();
      const { text } = await own.visit.get(own.path);
      const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
      const clicks = await Promise.all(
        ['one', 'two', 'three'].map((message) => own.visit.post(`${own.path}/unlock`, { csrf, message })),
      );
      assert.deepEqual(
        clicks.map(({ status }) => status),
        [303, 303, 303],
      );
      await requestOf(own);
      assert.deepEqual(await told(), ['manager@academy.example']);
    });

    test('declined, with an answer that the learner sees; more time all the same; pages one after another', async () => {
      const own = await locked();
      await ask(own);
      const { requestId } = await requestOf(own);
      assert.equal((await decline(requestId, { answer: 'x'.repeat(501) })).status, 400);
      assert.equal((await decline(requestId, { answer: ' Talk to <Ann> ' })).status, 200);
      const page = wordsOf(await own.visit.get(own.path));
      assert.match(page, /You asked to unlock this.*It was declined on Monday.*Talk to <Ann>/);
      assert.doesNotMatch(own.visit.page.text, /<textarea/);
      assert.equal((await decline(requestId, { answer: 'Next year' })).status, 200);
      assert.match(wordsOf(await own.visit.get(own.path)), /Next year/);
      assert.deepEqual(
        (await list('?state=declined')).map(({ answer }) => answer),
        ['Next year'],
      );
      await edit(own, { dueDateType: 'unlimited' });
      assert.doesNotMatch(wordsOf(await own.visit.get(own.path)), /locked|unlock/);
      const seen: string[] = [];
      for (let token = ''; ; ) {
        const answer = await call(world, 'GET', `/enrollment/unlock-requests?pageSize=1&pageToken=${token}`, {
          token: manager.token,
        });
        const part = answer.json as { unlockRequests: Request[]; nextPageToken?: string };
        seen.push(...part.unlockRequests.map((request) => request.requestId));
        if (!part.nextPageToken) break;
        token = part.nextPageToken;
      }
      assert.deepEqual(
        seen,
        (await list('')).map((request) => request.requestId),
      );
      assert.ok(seen.length >= 3);
      await told();
    });

    test('answered is what is not locked as it was: looked up, so that undo asks again; of the next lock one asks anew', async () => {
      const own = await locked();
      await ask(own);
      const first = await requestOf(own);
      const edited = await edit(own, until(1));
      assert.equal((await requestOf(own)).state, 'answered');
      assert.ok(!(await list('?state=open')).some(({ requestId }) => requestId === first.requestId));
      const late = await decline(first.requestId, {});
      assert.deepEqual([late.status, late.code], [409, 'unlock.answered']);
      await world.app.jobs.round();
      assert.equal((await statesIn(world)).at(-1), 'dropped obsolete', 'nobody is told of it any more');
      assert.equal((await call(world, 'POST', `${edited}/undo`)).status, 200);
      assert.equal((await requestOf(own)).state, 'open');
      await edit(own, until(1));
      const { visit, path } = own;
      await visit.get('/my');
      const csrf = /name="csrf" value="([^"]+)"/.exec(visit.page.text)?.[1] ?? '';
      const open = await visit.post(`${path}/unlock`, { csrf });
      assert.equal(open.location, `${path}?unlocked=1`);
      assert.match(wordsOf(await visit.get(open.location ?? '')), /This is not locked any more/);
      const now = world.clock.now;
      world.clock.now = new Date(now.getTime() + DAY_MS + 1);
      const again = new Visitor(world);
      await again.signIn(`locked-${no}`, PASSWORD);
      await ask({ ...own, visit: again });
      world.clock.now = now;
      assert.equal(
        (await list('')).filter(({ enrollmentId }) => enrollmentId === own.enrollmentId).length,
        2,
      );
      await world.app.jobs.round();
      mailbox.taken.length = 0;
    });

    test('where nobody manages the learner, the owner and administrators are told, but not of themselves', async () => {
      await addUser(world, { login: 'admin', role: 'administrator' });
      const own = await locked(world.account.rootDepartmentId);
      await ask(own);
      assert.deepEqual((await told()).sort(), ['admin@academy.example', 'owner@academy.example']);
      await call(world, 'POST', `/user/${manager.userId}/status`, { json: { status: 3 } });
      await ask(await locked());
      assert.deepEqual((await told()).sort(), ['admin@academy.example', 'owner@academy.example'], 'inactive');
      await call(world, 'POST', `/user/${manager.userId}/status`, { json: { status: 1 } });
      manager = { ...manager, token: await world.tokenOf(manager.userId) };
      const self = await locked();
      await call(world, 'POST', `/user/${self.userId}`, {
        json: { role: 'department_administrator', manageableDepartmentIds: [sales] },
      });
      await ask(self);
      assert.deepEqual(await told(), ['manager@academy.example']);
    });

    test('a message that is too long is kept beside its fault; what is another’s, or not locked, is not asked for', async () => {
      const own = await locked();
      const other = await locked();
      const long = `${'é'.repeat(499)}<>`;
      const refused = await ask(own, long);
      assert.equal(refused.status, 400);
      assert.match(
        refused.text,
        /<textarea [^>]*aria-describedby="message-hint message-fault" aria-invalid="true" autofocus>/,
      );
      assert.match(
        refused.text,
        /id="message-fault" role="alert">These are 501 characters\. Write at most 500\./,
      );
      assert.ok(refused.text.includes(`${'é'.repeat(499)}&lt;&gt;</textarea>`));
      const csrf = /name="csrf" value="([^"]+)"/.exec(refused.text)?.[1] ?? '';
      assert.equal((await own.visit.post(`${own.path}/unlock`, {})).status, 403);
      assert.equal((await own.visit.post(`${other.path}/unlock`, { csrf })).status, 404);
      assert.equal((await own.visit.post('/my/learning/x/unlock', { csrf })).status, 404);
      const upcoming = await locked(emea, { ...until(9), accessDate: date(3) });
      await upcoming.visit.get(upcoming.path);
      assert.doesNotMatch(upcoming.visit.page.text, /<textarea/);
      const mine = (await list('')).map(({ enrollmentId }) => enrollmentId);
      for (const { enrollmentId } of [own, other, upcoming]) assert.ok(!mine.includes(enrollmentId));
      assert.equal((await ask(own, 'é'.repeat(500))).status, 303);
      assert.equal((await call(world, 'DELETE', `/user/${own.userId}`)).status, 204);
      const { rows } = await world.db.read((tx) =>
        sql`select from unlock_request where learner_id = ${own.userId}`.execute(tx),
      );
      assert.equal(rows.length, 0, 'what they wrote goes with them');
      assert.deepEqual(await told(), [], 'and is told nobody');
    });
  });
