import type { Context } from '../access/index.ts';
import { created, createdId, manyUnpaged, nothing, one, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  fieldMap,
  ids,
  instant,
  integer,
  list,
  object,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { refuse } from '../kernel/errors.ts';
import { STANDARD_FIELDS } from '../kernel/profile-fields.ts';
import type { MailSender } from '../mail/index.ts';
import { supervisionMembers } from './department-routes.ts';
import * as passwords from './passwords.ts';
import { defineField, listFields } from './profile-fields.ts';
import { labelOf, missingInvitation } from './rules.ts';
import * as standing from './standing.ts';
import { toV1, UserInfo, userItem } from './user-list-routes.ts';
import * as users from './users.ts';

/** What is done to users. */

const fields = about('Names in any case', fieldMap());
const profileMembers = {
  email: optional(text({ max: 320 })),
  role: optional(text({ max: 100 })),
  roleId: optional(uuid()),
  roles: optional(
    list(object({ roleId: uuid(), manageableDepartmentIds: optional(ids()) }), { item: 'role', max: 20 }),
  ),
  manageableDepartmentIds: optional(ids()),
  groupIds: optional(ids()),
  groups: optional(about('The same as groupIds', ids())),
};

const NewUser = object(
  {
    departmentId: uuid(),
    fields: about('login is required; names in any case', fieldMap()),
    ...profileMembers,
    password: optional(text({ max: 1_024 })),
    sendLoginEmail: optional(about('Send a link to set a password, valid for seven days', boolean())),
    invitationMessage: optional(about('Required with sendLoginEmail', text())),
    sendLoginSMS: optional(boolean()),
    invitationSMSMessage: optional(about('Required with sendLoginSMS', text())),
  },
  'NewUser',
);

const UserChanges = object(
  { departmentId: optional(uuid()), fields: optional(fields), ...profileMembers },
  'UserChanges',
);

const PROFILE_HEADERS = [
  'departmentId',
  'fields',
  'email',
  'role',
  'roleId',
  'roles',
  'manageableDepartmentIds',
  'groupIds',
] as const;

const flag = about('1 yes, 0 no', integer());
const ProfileFieldInfo = object(
  {
    userFieldInfoId: text(),
    name: text(),
    label: text(),
    type: text(),
    isUnique: flag,
    isRequired: flag,
    orderPriority: integer(),
    values: list(text(), { item: 'value' }),
  },
  'ProfileFieldInfo',
);

async function profileFields(ctx: Context) {
  const standard = STANDARD_FIELDS.map((name) => ({
    fieldId: name.toLowerCase(),
    name,
    label: labelOf(name),
  }));
  return [...standard, ...(await listFields(ctx))].map(({ fieldId, name, label }, place) => ({
    userFieldInfoId: fieldId,
    name,
    label,
    type: 'text',
    isUnique: Number(name === 'LOGIN' || name === 'EMAIL'),
    isRequired: Number(name === 'LOGIN'),
    orderPriority: place,
    values: [],
  }));
}

const byId = object({ id: uuid() });
const WRITE = { tag: 'users', may: 'user.write' } as const;
const NOT_THERE = ['people.unknown_user', 'auth.user_scope'] as const;
const PROFILE = [
  'auth.department_scope',
  'auth.outranked',
  'people.unknown_department',
  'people.unknown_role',
  'people.login_taken',
  'people.email_taken',
  'group.unknown_ids',
  'group.smart',
] as const;

const profileRoutes: readonly Route<Context>[] = [
  route({
    ...WRITE,
    method: 'POST',
    path: '/user',
    operationId: 'AddUser',
    summary: 'Add a user',
    body: NewUser,
    headerMembers: [
      ...PROFILE_HEADERS,
      'password',
      'sendLoginEmail',
      'invitationMessage',
      'sendLoginSMS',
      'invitationSMSMessage',
    ],
    answer: created(one(UserInfo, userItem)),
    refusals: PROFILE,
    run: async (ctx: Context, { body }) => {
      const missing = missingInvitation(body);
      if (missing) refuse('request.invalid', missing);
      const invitation = body.sendLoginEmail ? body.invitationMessage : undefined;
      const user = await users.addUser(ctx, { ...body, groupIds: body.groupIds ?? body.groups, invitation });
      return ctx.wantsObject ? toV1(user) : user.userId;
    },
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}',
    operationId: 'EditUser',
    summary: 'Edit a user; what is left out stays',
    params: byId,
    body: UserChanges,
    headerMembers: PROFILE_HEADERS,
    answer: nothing(200),
    refusals: [...NOT_THERE, ...PROFILE, 'people.last_owner'],
    run: (ctx: Context, { params, body }) =>
      users.editUser(ctx, params.id, { ...body, groupIds: body.groupIds ?? body.groups }),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}/groups/remove',
    operationId: 'RemoveUserFromGroups',
    summary: 'Take a user out of groups',
    params: byId,
    body: object({ groupIds: ids({ min: 1 }) }),
    headerMembers: ['groupIds'],
    answer: nothing(200),
    refusals: [...NOT_THERE, 'group.unknown_ids', 'group.smart'],
    run: (ctx: Context, { params, body }) => users.leaveGroups(ctx, params.id, body.groupIds),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}/subordination',
    operationId: 'SetUserSubordination',
    summary: 'Say who supervises a user',
    params: byId,
    body: object(supervisionMembers),
    answer: nothing(204),
    refusals: [...NOT_THERE, 'people.unknown_users'],
    run: (ctx: Context, { params, body }) => users.setUserSupervision(ctx, params.id, body),
  }),
  route({
    tag: 'users',
    may: 'user.read',
    method: 'GET',
    path: '/user/profile/fields',
    operationId: 'GetProfileFields',
    summary: "The profile fields every user has, then the account's own",
    answer: manyUnpaged(ProfileFieldInfo, { xmlItem: 'userFieldInfo' }),
    run: (ctx: Context) => profileFields(ctx),
  }),
  route({
    tag: 'users',
    may: 'administrator',
    method: 'POST',
    path: '/user/profile/fields',
    operationId: 'DefineProfileField',
    summary: "Define a profile field of the account's own",
    description: 'Fields may also be used without: a user written with a field of a new name defines it.',
    body: object({ name: text({ min: 1, max: 100 }), label: optional(text({ max: 200 })) }),
    answer: createdId(),
    refusals: ['people.field_taken'],
    run: (ctx: Context, { body }) => defineField(ctx, body),
  }),
];

const STANDING = [...NOT_THERE, 'auth.outranked', 'people.last_owner'] as const;
const scheduled = (end: 'deactivation' | 'termination', operation: string): Route<Context>[] => [
  route({
    ...WRITE,
    method: 'POST',
    path: `/user/{id}/scheduled_${end}`,
    operationId: `ScheduleUser${operation}`,
    summary: `Say from when on a user is ${end === 'deactivation' ? 'inactive' : 'no longer employed'}`,
    params: byId,
    body: object({ date: instant() }),
    answer: nothing(200),
    refusals: STANDING,
    run: (ctx: Context, { params, body }) => standing.scheduleEnd(ctx, params.id, end, body.date.at),
  }),
  route({
    ...WRITE,
    method: 'DELETE',
    path: `/user/{id}/scheduled_${end}`,
    operationId: `CancelUser${operation}`,
    summary: `Take back a scheduled ${end}; one that has come about stays`,
    params: byId,
    answer: nothing(200),
    refusals: [...NOT_THERE, 'auth.outranked'],
    run: (ctx: Context, { params }) => standing.cancelEnd(ctx, params.id, end),
  }),
];

const bulk = (path: string, operationId: string, status: 'active' | 'inactive' | 'terminated') =>
  route({
    ...WRITE,
    method: 'POST',
    path,
    operationId,
    summary: `Make users ${status}, all or none`,
    body: object({ userIds: ids({ min: 1 }) }),
    bodySize: 'bulk',
    headerMembers: ['userIds'],
    answer: nothing(200),
    refusals: ['people.unknown_users', 'auth.user_scope', 'auth.outranked', 'people.last_owner'],
    run: (ctx: Context, { body }) => standing.setStatusOfMany(ctx, body.userIds, status),
  });

const standingRoutes = (
  enrollments: standing.EndsEnrollments,
  mail: MailSender,
): readonly Route<Context>[] => [
  route({
    ...WRITE,
    method: 'DELETE',
    path: '/user/{id}',
    operationId: 'DeleteUser',
    summary: 'Delete a user',
    description: 'Enrollments end, login and e-mail are free again; history keeps the id.',
    params: byId,
    answer: nothing(204),
    refusals: STANDING,
    run: (ctx: Context, { params }) => standing.deleteUser(ctx, enrollments, params.id),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}/status',
    operationId: 'SetUserStatus',
    summary: 'Activate, deactivate or terminate a user',
    params: byId,
    body: object({ status: integer({ min: 1, max: 5 }) }),
    headerMembers: ['status'],
    answer: nothing(200),
    refusals: STANDING,
    run: (ctx: Context, { params, body }) => standing.setStatus(ctx, params.id, body.status),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}/password',
    operationId: 'SetUserPassword',
    keyless: 'secret',
    summary: 'Give a user another password; the tokens of the old one end',
    params: byId,
    body: object({ password: text({ max: 1_024 }) }),
    headerMembers: ['password'],
    answer: nothing(200),
    refusals: [...NOT_THERE, 'auth.outranked'],
    run: (ctx: Context, { params, body }) => passwords.setPassword(ctx, params.id, body.password),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/user/{id}/invitation',
    operationId: 'InviteUser',
    summary: 'Send a user a link to set a password, valid for seven days',
    params: byId,
    body: object({ invitationMessage: optional(about('What the message says, too', text())) }),
    answer: nothing(202),
    refusals: [...NOT_THERE, 'auth.outranked', 'people.not_written_to'],
    run: (ctx: Context, { params, body }) =>
      passwords.invite(ctx, mail, params.id, body.invitationMessage ?? ''),
  }),
  ...scheduled('deactivation', 'Deactivation'),
  ...scheduled('termination', 'Termination'),
  bulk('/users/activate', 'ActivateUsers', 'active'),
  bulk('/users/deactivate', 'DeactivateUsers', 'inactive'),
  bulk('/users/terminate', 'TerminateUsers', 'terminated'),
];

export const userRoutes = (
  enrollments: standing.EndsEnrollments,
  mail: MailSender,
): readonly Route<Context>[] => [...profileRoutes, ...standingRoutes(enrollments, mail)];
