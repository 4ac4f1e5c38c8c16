import { people, plain, type Row, UNKNOWN } from './table.ts';

export const transferRows: Record<string, Row> = {
  ExportEnrollments: people(200, 400, 200, (t) => ({
    path: `/enrollments/export?learnerIds[]=${t.learnerId}`,
  })),
  // Whom a caller does not reach is refused row by row (test/transfer/import.test.ts).
  ImportEnrollments: people(200, 200, 200, (t, f) => ({
    path: '/enrollment/import?dryRun=true&outcome=refused',
    csv: `learnerId,courseId\n${t.learnerId},${f.course}\n`,
  })),
  GetImportErrors: plain('people', 404, () => ({ path: `/operations/${UNKNOWN}/errors` })),
};
