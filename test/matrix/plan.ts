import { people, type Row } from './table.ts';

export const planRows: Record<string, Row> = {
  PlanEnrollment: people(200, 400, 403, (t, f) => ({
    path: '/enrollment/plan',
    json: { courseIds: [f.course], learnerIds: [t.learnerId], dueDateType: 'unlimited' },
  })),
};
