import { name, people, plain, type Row } from './table.ts';

export const trainingRows: Record<string, Row> = {
  CreateTraining: plain('write content', 201, () => ({ path: '/training', json: { title: name() } })),
  AddTrainingSession: plain('write content', 201, (_t, f) => ({
    path: `/training/${f.training}/sessions`,
    json: { title: 'One', days: [{ startTime: '2027-01-01 10:00:00', duration: 3600 }] },
  })),
  GetTraining: plain('read content', 200, (_t, f) => ({ path: `/training/${f.training}` })),
  GetTrainingSessions: plain('read content', 200, (_t, f) => ({ path: `/training/${f.training}/sessions` })),
  GetTrainingSession: plain('read content', 200, (_t, f) => ({ path: `/training/session/${f.session}` })),
  GetTrainingDay: plain('read content', 200, (_t, f) => ({ path: `/training/day/${f.day}` })),
  UpdateTrainingDay: plain('read content', 200, (_t, f) => ({
    path: `/training/day/${f.day}`,
    json: { url: 'https://meet.example/1' },
  })),
  ListSessionParticipants: plain('people', 200, (_t, f) => ({
    path: `/training/session/participants/${f.session}`,
  })),
  AddSessionParticipants: people(200, 400, 403, (t, f) => ({
    path: `/training/session/${f.session}/participants`,
    json: { userIds: [t.learnerId] },
  })),
  RemoveSessionParticipants: people(200, 400, 403, (t, f) => ({
    path: `/training/session/${f.session}/participants/remove`,
    json: { userIds: [t.learnerId] },
  })),
};
