import { addCourse, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Files of enrollments: of our own, in the manner of the contract. What is no JSON and no XML: test/transfer. */

async function setup(world: World): Promise<Names> {
  return {
    ann: await addUser(world, { login: 'ann' }),
    ben: await addUser(world, { login: 'ben' }),
    course: await addCourse(world, 'Course', { code: 'SAFE-1' }),
    learner: await world.tokenOf(await addUser(world, { login: 'learner' })),
  };
}

const IMPORT = { method: 'POST' as const, path: '/enrollment/import' };

const COLUMNS = {
  json: [{ name: 'login', member: 'login' }, { name: 'Code', member: 'courseCode' }, { name: 'Remark' }],
  xml: `<columns>
      <column><name>login</name><member>login</member></column>
      <column><name>Code</name><member>courseCode</member></column>
      <column><name>Remark</name></column>
    </columns>`,
};

const rows: readonly Row[] = [
  {
    name: 'a dry run says what would become of each row',
    ...IMPORT,
    path: '/enrollment/import?dryRun=true',
    csv: 'login;Code;Remark\nann;SAFE-1;new\nnobody;SAFE-1;\n',
    expect: {
      status: 200,
      json: {
        encoding: 'utf-8',
        delimiter: 'semicolon',
        columns: COLUMNS.json,
        summary: { created: 1, changed: 0, unchanged: 0, refused: 1 },
        rows: [
          { row: 2, outcome: 'created', learnerId: '{ann}', courseId: '{course}' },
          { row: 3, outcome: 'refused', reason: 'learner_unknown' },
        ],
      },
      xml: `<response><encoding>utf-8</encoding><delimiter>semicolon</delimiter>${COLUMNS.xml}
        <summary><created>1</created><changed>0</changed><unchanged>0</unchanged><refused>1</refused></summary>
        <rows>
          <importedRow><row>2</row><outcome>created</outcome>
            <learnerId>{ann}</learnerId><courseId>{course}</courseId></importedRow>
          <importedRow><row>3</row><outcome>refused</outcome><reason>learner_unknown</reason></importedRow>
        </rows></response>`,
    },
  },
  {
    name: 'an import says what became of each row, and which operation it was',
    ...IMPORT,
    csv: 'login,Code,Remark\nann,SAFE-1,\n\nben,,\n',
    expect: {
      status: 200,
      headers: { location: '/operations/{*uuid}' },
      json: {
        operationId: '{*uuid}',
        encoding: 'utf-8',
        delimiter: 'comma',
        columns: COLUMNS.json,
        summary: { created: 1, changed: 0, unchanged: 0, refused: 1 },
        rows: [
          { row: 2, outcome: 'created', learnerId: '{ann}', courseId: '{course}', enrollmentId: '{*uuid}' },
          { row: 4, outcome: 'refused', reason: 'course_missing' },
        ],
      },
      xml: `<response><operationId>{*uuid}</operationId><encoding>utf-8</encoding><delimiter>comma</delimiter>
        ${COLUMNS.xml}
        <summary><created>1</created><changed>0</changed><unchanged>0</unchanged><refused>1</refused></summary>
        <rows>
          <importedRow><row>2</row><outcome>created</outcome><learnerId>{ann}</learnerId>
            <courseId>{course}</courseId><enrollmentId>{*uuid}</enrollmentId></importedRow>
          <importedRow><row>4</row><outcome>refused</outcome><reason>course_missing</reason></importedRow>
        </rows></response>`,
    },
    afterwards: [
      {
        method: 'GET',
        path: '/enrollment?learnerIds[]={ann}',
        expect: {
          status: 200,
          json: [
            {
              enrollmentId: '{*uuid}',
              courseId: '{course}',
              learnerId: '{ann}',
              accessDate: '2026-03-02',
              enrollmentTypeGroup: 0,
              shouldLockAfterDueDate: false,
            },
          ],
          xml: `<response><enrollment><enrollmentId>{*uuid}</enrollmentId><courseId>{course}</courseId>
            <learnerId>{ann}</learnerId><accessDate>2026-03-02</accessDate>
            <enrollmentTypeGroup>0</enrollmentTypeGroup>
            <shouldLockAfterDueDate>0</shouldLockAfterDueDate></enrollment></response>`,
        },
      },
    ],
  },
  {
    name: 'an unclear header is refused with a proposal',
    ...IMPORT,
    csv: 'login,Kurs\nann,SAFE-1\n',
    expect: {
      refused: 'import.header',
      status: 422,
      message:
        'The header is unclear: no column says which course (courseId or courseCode). The columns are "login", "Kurs". Say in the query what they mean, as map[login]=login&map[courseCode]=…',
    },
  },
  {
    name: 'a file that is none is refused',
    ...IMPORT,
    csv: 'login,Code\n"ann,SAFE-1\n',
    expect: {
      refused: 'table.malformed',
      status: 400,
      message:
        'The file cannot be read: the file ends within a cell in quotes: the quote is never closed (line 2).',
    },
  },
  {
    name: 'a learner may not import',
    ...IMPORT,
    as: 'learner',
    csv: 'login,Code\nann,SAFE-1\n',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
];

contract('files of enrollments', setup, rows);
