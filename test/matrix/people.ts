import { name, people, plain, type Row, UNKNOWN } from './table.ts';

/** A request about one user, who is 404 to the whole account when unknown. */
const toUser = (ok: number, path: string, json?: Record<string, unknown>): Row =>
  people(ok, 404, 403, (t) => ({ path: `/user/${t.learnerId}${path}`, ...(json ? { json } : {}) }));
const toUsers = (path: string): Row =>
  people(200, 400, 403, (t) => ({ path, json: { userIds: [t.learnerId] } }));
const toDepartment = (ok: number, path: string, json?: Record<string, unknown>): Row =>
  people(ok, 404, 403, (t) => ({ path: `/department/${t.departmentId}${path}`, ...(json ? { json } : {}) }));
const byDepartment = (path: string): Row =>
  people(200, 400, 200, (t) => ({ path: `${path}?departments[]=${t.departmentId}` }));
const nobody = { subordination: { subordinationType: 'no_supervisor' } };

export const peopleRows: Record<string, Row> = {
  GetUsers: byDepartment('/user'),
  GetUsersV2: byDepartment('/user/v2'),
  ListUsers: byDepartment('/users'),
  ListUsersV2: byDepartment('/users/v2'),
  ListUsersV2ByBody: people(200, 400, 200, (t) => ({
    path: '/users/v2',
    json: { departments: [t.departmentId] },
  })),
  SearchUsers: people(200, 400, 200, (t) => ({
    path: '/user/list',
    json: { departments: [t.departmentId] },
  })),
  FindExistingUsers: people(200, 200, 200, (t) => ({
    path: '/users/find_existing',
    json: { userIds: [t.learnerId] },
  })),
  GetUser: toUser(200, ''),
  GetUserV2: toUser(200, '/v2'),
  AddUser: people(201, 400, 403, (t) => ({
    path: '/user',
    json: { departmentId: t.departmentId, fields: { login: name() } },
  })),
  EditUser: toUser(200, '', { fields: { first_name: 'Ann' } }),
  SetUserStatus: toUser(200, '/status', { status: 1 }),
  SetUserPassword: toUser(200, '/password', { password: 'another password' }),
  // There is no mail server: a 409 to whoever reaches the user.
  InviteUser: toUser(409, '/invitation', {}),
  ScheduleUserDeactivation: toUser(200, '/scheduled_deactivation', { date: '2999-01-01' }),
  CancelUserDeactivation: toUser(200, '/scheduled_deactivation'),
  ScheduleUserTermination: toUser(200, '/scheduled_termination', { date: '2999-01-01' }),
  CancelUserTermination: toUser(200, '/scheduled_termination'),
  SetUserSubordination: toUser(204, '/subordination', nobody),
  // There is no such group: a 400 to whoever reaches the user.
  RemoveUserFromGroups: toUser(400, '/groups/remove', { groupIds: [UNKNOWN] }),
  DeactivateUsers: toUsers('/users/deactivate'),
  TerminateUsers: toUsers('/users/terminate'),
  // Rows run in this order: the others find everybody active.
  ActivateUsers: toUsers('/users/activate'),
  GetDepartment: toDepartment(200, ''),
  AddDepartment: people(201, 400, 403, (t) => ({
    path: '/department',
    json: { name: name(), parentDepartmentId: t.departmentId },
  })),
  EditDepartment: toDepartment(204, '', { name: 'Renamed' }),
  // None of the departments is empty.
  DeleteDepartment: toDepartment(409, ''),
  SetDepartmentSubordination: toDepartment(204, '/subordination', nobody),
  MoveUsersToDepartment: people(204, 404, 403, (t) => ({
    path: `/department/${t.departmentId}/user/move`,
    json: { userIds: [t.learnerId] },
  })),
  // Below itself.
  MoveDepartments: people(409, 404, 403, (t) => ({
    path: `/department/${t.departmentId}/department/move`,
    json: { departmentIds: [t.departmentId] },
  })),
  GetDepartments: plain('people', 200, () => ({ path: '/department' })),
  ListDepartments: plain('people', 200, () => ({ path: '/departments' })),
  GetProfileFields: plain('people', 200, () => ({ path: '/user/profile/fields' })),
  DefineProfileField: plain('administrator', 201, () => ({
    path: '/user/profile/fields',
    json: { name: name() },
  })),
};
