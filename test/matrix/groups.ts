import { type SentRule, toSentRules } from '../support/people.ts';
import { name, people, plain, type Row, UNKNOWN } from './table.ts';

/** Groups belong to the whole account: their ids are foreign to nobody, the people and departments in a request may be. */

/** Admits nobody: the login does not exist. */
export const ONE_LOGIN: SentRule = {
  attributeType: 3,
  attributeId: 'login',
  operator: 1,
  value: 'nobody-at-all',
};

const nobodyOf = (departmentId: string) =>
  toSentRules([[{ attributeType: 1, operator: 2, value: departmentId }], [ONE_LOGIN]]);

export const groupRows: Record<string, Row> = {
  GetGroups: plain('read groups', 200, () => ({ path: '/group' })),
  ListGroups: plain('read groups', 200, () => ({ path: '/groups' })),
  GetGroup: plain('read groups', 200, (_t, f) => ({ path: `/group/${f.group}` })),
  GetSmartGroupRules: plain('read groups', 200, (_t, f) => ({ path: `/group/smart/${f.smartGroup}/rules` })),
  AddGroup: people(201, 400, 403, (t) => ({
    path: '/group',
    json: { name: name(), userIds: [t.learnerId] },
  })),
  UpdateGroup: plain('people', 200, (_t, f) => ({ path: `/group/${f.smartGroup}`, json: { name: name() } })),
  UpdateGroupMembers: people(200, 400, 403, (t, f) => ({
    path: `/group/${f.group}/members`,
    json: { userIds: [t.learnerId] },
  })),
  RemoveGroup: plain('people', 404, () => ({ path: `/group/${UNKNOWN}` })),
  AddSmartGroup: people(201, 400, 403, (t) => ({
    path: '/group/smart',
    json: { name: name(), rules: nobodyOf(t.departmentId) },
  })),
  EditSmartGroup: people(200, 400, 403, (t, f) => ({
    path: `/group/smart/${f.changingGroup}`,
    json: { rules: nobodyOf(t.departmentId) },
  })),
};
