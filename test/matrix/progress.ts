import { people, plain, type Row } from './table.ts';

const byUser = (path: string): Row =>
  people(200, 400, 200, (t) => ({ path: `${path}?userIds[]=${t.learnerId}` }));

export const progressRows: Record<string, Row> = {
  ListLearnerResults: byUser('/learners/results'),
  ListLearnerModulesResults: byUser('/learners/modules/results'),
  GetContentItemFinalStatuses: plain('people', 200, (_t, f) => ({
    path: `/content/${f.course}/final_statuses`,
  })),
  RecordProgress: people(200, 400, 403, (t) => ({
    path: `/enrollment/${t.enrollmentId}/progress`,
    json: { progress: 10 },
  })),
  GetIssuedCertificate: people(200, 404, 403, (t) => ({ path: `/certificate/${t.certificateId}` })),
  // Nobody has a seat: to the whole account that is a 400 like any other, out of reach it is not told.
  UpdateDayParticipantsAttendance: people(400, 400, 403, (t, f) => ({
    path: `/training/day/${f.day}/participants/attendance/update`,
    json: { participantsAttendance: [{ participantId: t.learnerId, isAttended: true }] },
  })),
};
