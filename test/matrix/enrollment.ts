import { people, plain, type Row } from './table.ts';

const byLearner = (path: string): Row =>
  people(200, 400, 200, (t) => ({ path: `${path}?learnerIds[]=${t.learnerId}` }));
const unlimited = { dueDateType: 'unlimited' };

export const enrollmentRows: Record<string, Row> = {
  EnrollLearnersInCourses: people(201, 400, 403, (t, f) => ({
    path: '/enrollment',
    json: { courseIds: [f.course], learnerIds: [t.learnerId], ...unlimited },
  })),
  GetEnrollments: byLearner('/enrollment'),
  ListEnrollments: byLearner('/enrollments'),
  ListEnrollmentsByBody: people(200, 400, 200, (t) => ({
    path: '/enrollments',
    json: { learnerIds: [t.learnerId] },
  })),
  GetEnrollment: people(200, 400, 403, (t) => ({ path: `/enrollment/${t.enrollmentId}` })),
  GetEnrollmentHistory: people(200, 400, 403, (t) => ({ path: `/enrollment/${t.enrollmentId}/history` })),
  ExplainEnrollment: people(200, 400, 403, (t) => ({ path: `/enrollment/${t.enrollmentId}/why` })),
  EditEnrollment: people(200, 400, 403, (t) => ({
    path: `/enrollment/${t.enrollmentId}`,
    json: unlimited,
  })),
  ReenrollLearner: {
    ...people(200, 400, 403, (t) => ({ path: `/enrollment/${t.enrollmentId}/reenroll`, json: unlimited })),
    endsEnrollment: true,
  },
  ListUnlockRequests: people(200, 200, 200, () => ({ path: '/enrollment/unlock-requests' })),
  DeclineUnlockRequest: people(200, 404, 403, (t) => ({
    path: `/enrollment/unlock-requests/${t.unlockRequestId}/decline`,
    json: { answer: 'No' },
  })),
  ListOperations: plain('people', 200, () => ({ path: '/operations?pageSize=1' })),
  DeleteEnrollments: {
    ...people(204, 400, 403, (t) => ({
      path: '/enrollment/delete',
      json: { enrollmentIds: [t.enrollmentId] },
    })),
    endsEnrollment: true,
  },
};
