import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ENGINES, temporaryFolder } from '../support/database.ts';
import { addCourse, addUser } from '../support/people.ts';
import { call, startWorld, type World } from '../support/server.ts';

/** The programs under examples/, as their readers run them; those whose interpreter this machine has. */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const INTERPRETERS: Record<string, { program: string; probe: string[] }> = {
  python: { program: 'python3', probe: ['--version'] },
  php: { program: 'php', probe: ['--version'] },
  shell: { program: 'sh', probe: ['-c', 'command -v curl'] },
  typescript: { program: process.execPath, probe: ['--version'] },
};
const has = (language: string): boolean => {
  const { program, probe } = INTERPRETERS[language] ?? { program: '', probe: [] };
  return spawnSync(program, probe).status === 0;
};
const RUNS = Object.keys(INTERPRETERS).filter(has);
const MISSING = Object.keys(INTERPRETERS).filter((language) => !RUNS.includes(language));

for (const engine of ENGINES)
  describe(`examples in ${RUNS.join(', ')}; no interpreter for ${MISSING.join(', ') || 'none'} (${engine})`, () => {
    let world: World;
    const folder = temporaryFolder();
    before(async () => {
      world = await startWorld(engine);
    });
    after(() => world.close());

    /** Runs examples/LANGUAGE/FILE and answers what it printed; fails unless it succeeded. */
    async function run(file: string, ...args: string[]): Promise<string> {
      const { program } = INTERPRETERS[path.dirname(file)] ?? { program: '' };
      const script = file.endsWith('.ts')
        ? path.join(ROOT, 'dist/examples', file.replace(/\.ts$/, '.js'))
        : path.join(ROOT, 'examples', file);
      const child = spawn(program, [script, ...args], {
        env: {
          ...process.env,
          ROLLBOOK_URL: world.url,
          ROLLBOOK_CLIENT_ID: world.account.clientId,
          ROLLBOOK_CLIENT_SECRET: world.account.clientSecret,
          PYTHONDONTWRITEBYTECODE: '1',
        },
      });
      let [out, faults] = ['', ''];
      child.stdout.on('data', (part) => (out += part));
      child.stderr.on('data', (part) => (faults += part));
      const code = await new Promise((done) => child.on('close', done));
      assert.equal(code, 0, `${file}: ${faults}`);
      return out;
    }

    const newCode = (): string => `CODE-${Math.random().toString(36).slice(2)}`;

    /** A department with a code, two active users and one who is not. */
    async function department(): Promise<{ code: string; learners: string[] }> {
      const code = newCode();
      const made = await call(world, 'POST', '/department', {
        json: { name: code, code, parentDepartmentId: world.account.rootDepartmentId },
      });
      const departmentId = made.json as string;
      const learners = [await addUser(world, { departmentId }), await addUser(world, { departmentId })];
      await addUser(world, { departmentId, status: 3 });
      return { code, learners };
    }

    async function learnersOf(course: string): Promise<string[]> {
      const { json } = await call(world, 'GET', `/enrollment?courseIds[]=${course}`);
      return (json as { learnerId: string }[]).map(({ learnerId }) => learnerId).sort();
    }

    const enrolling: Record<string, string> = {
      shell: 'shell/enroll-department.sh',
      php: 'php/enroll_department.php',
      typescript: 'typescript/enroll-department.ts',
    };
    for (const [language, file] of Object.entries(enrolling))
      if (RUNS.includes(language))
        test(`${file} enrolls the active users of a department`, async () => {
          const { code, learners } = await department();
          const course = await addCourse(world);
          assert.match(await run(file, code, course), /^enrolled: +2$/m);
          assert.deepEqual(await learnersOf(course), [...learners].sort());
        });

    if (RUNS.includes('shell'))
      test('shell/new-enrollments.sh prints what is new since its last run', async () => {
        const state = path.join(folder, `enrollments-${engine}`);
        const ids = async (): Promise<string[]> =>
          (await run('shell/new-enrollments.sh', state))
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => (JSON.parse(line) as { learnerId: string }).learnerId);
        const before = await ids();
        assert.equal(new Set(before).size > 0, true);
        assert.deepEqual(await ids(), []);
        const learner = await addUser(world);
        await enroll(await addCourse(world), learner);
        assert.deepEqual(await ids(), [learner]);
      });

    async function enroll(course: string, learner: string): Promise<void> {
      const answer = await call(world, 'POST', '/enrollment', {
        json: { courseIds: [course], learnerIds: [learner], dueDateType: 'unlimited' },
      });
      assert.equal(answer.status, 201, answer.text);
    }

    const reporting: Record<string, string> = {
      python: 'python/new_results.py',
      typescript: 'typescript/new-results.ts',
    };
    for (const [language, file] of Object.entries(reporting))
      if (RUNS.includes(language))
        test(`${file} prints what is new since its last run`, async () => {
          const state = path.join(folder, `results-${language}-${engine}`);
          const [first, second, course] = [
            await addUser(world),
            await addUser(world),
            await addCourse(world),
          ];
          await enroll(course, first);
          const before = await run(file, state);
          assert.ok(before.includes(first));
          await enroll(course, second);
          const after = await run(file, state);
          assert.ok(after.includes(second) && !after.includes(first), after);
          assert.ok(!(await run(file, state)).includes(second));
          assert.ok(readFileSync(state, 'utf8').length > 0);
        });

    if (RUNS.includes('python'))
      test('python/sync_people.py makes departments and users equal to its files', async () => {
        const [top, sub] = [newCode(), newCode()];
        const login = (name: string) => `${name}-${top}`;
        const files = [path.join(folder, `d-${engine}.csv`), path.join(folder, `u-${engine}.csv`)] as const;
        const write = (departments: string[], users: string[]): void => {
          writeFileSync(files[0], ['code,name,parent', ...departments, ''].join('\n'));
          writeFileSync(files[1], ['login,email,first_name,last_name,department', ...users, ''].join('\n'));
        };
        const user = (name: string, last: string, code: string): string =>
          `${login(name)},${login(name)}@x.example,${name},${last},${code}`;
        const sync = () => run('python/sync_people.py', ...files);
        write([`${top},Top,`, `${sub},Sub,${top}`], [user('ann', 'Ash', top), user('ben', 'Birch', sub)]);
        assert.equal(
          await sync(),
          'departments: 2 created, 0 changed\nusers: 2 created, 0 changed, 0 deactivated\n',
        );
        assert.equal(
          await sync(),
          'departments: 0 created, 0 changed\nusers: 0 created, 0 changed, 0 deactivated\n',
        );
        // Renamed and moved to the top; one user is renamed and moves, the other is gone.
        write([`${top},Top,`, `${sub},Other,`], [user('ann', 'Elm', sub)]);
        assert.equal(
          await sync(),
          'departments: 0 created, 1 changed\nusers: 0 created, 1 changed, 1 deactivated\n',
        );
        const [found] = (await call(world, 'GET', `/department?code=${sub}`)).json as {
          name: string;
          parentDepartmentId: string;
          departmentId: string;
        }[];
        assert.deepEqual([found?.name, found?.parentDepartmentId], ['Other', world.account.rootDepartmentId]);
        const people = (await call(world, 'GET', `/user?logins[]=${login('ann')}&logins[]=${login('ben')}`))
          .json as { departmentId: string; status: number; fields: { name: string; value: string }[] }[];
        assert.deepEqual(
          people.map(({ departmentId, status, fields }) => [
            departmentId,
            status,
            fields.find(({ name }) => name === 'LAST_NAME')?.value,
          ]),
          [
            [found?.departmentId, 1, 'Elm'],
            [found?.departmentId, 3, 'Birch'],
          ],
        );
      });
  });
