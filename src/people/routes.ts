import type { Context } from '../access/index.ts';
import { afterToken, allPages, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { created, manyUnpaged, nothing, one, page, type Route, route } from '../http/route.ts';
import {
  about,
  boolean,
  fieldMap,
  ids,
  integer,
  list,
  object,
  oneOf,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { toDateText } from '../kernel/dates.ts';
import { isStandardField, STANDARD_FIELDS } from '../kernel/profile-fields.ts';
import { addDepartment, findDepartment, listDepartments } from './departments.ts';
import type { Department, User } from './queries.ts';
import { statusInV1 } from './rules.ts';
import * as users from './users.ts';

const Subordination = object(
  { subordinationType: oneOf('manual', 'inherit', 'no_supervisor'), supervisorId: optional(uuid()) },
  'Subordination',
);

const DepartmentInfo = object(
  {
    departmentId: uuid(),
    name: text(),
    parentDepartmentId: optional(uuid()),
    code: text(),
    subordination: Subordination,
    coSubordination: Subordination,
  },
  'Department',
);

const NO_SUPERVISOR = { subordinationType: 'no_supervisor' as const };

const toDepartment = (department: Department) => ({
  departmentId: department.departmentId,
  name: department.name,
  parentDepartmentId: department.parentDepartmentId ?? undefined,
  code: department.code ?? '',
  subordination: NO_SUPERVISOR,
  coSubordination: NO_SUPERVISOR,
});

const UserRole = object({ roleId: uuid(), roleType: text(), manageableDepartmentIds: ids() }, 'UserRole');
const Field = object({ name: text(), value: text() }, 'UserProfileField');

const UserInfo = object(
  {
    userId: uuid(),
    role: text(),
    roleId: optional(uuid()),
    departmentId: uuid(),
    status: about('1 active, 3 inactive, 5 employment ended (v1 answers 3 instead)', integer()),
    fields: list(Field, { item: 'field' }),
    addedDate: text(),
    lastLoginDate: optional(text()),
    manageableDepartmentIds: ids(),
    userRoles: list(UserRole, { item: 'userRole' }),
    groups: ids(),
    subordination: Subordination,
    coSubordination: Subordination,
  },
  'User',
);

function toUser(user: User, status: number) {
  const [first] = user.roles;
  const own: Record<string, string> = { ...user.fields, LOGIN: user.login, EMAIL: user.email };
  const names = [
    ...STANDARD_FIELDS,
    ...Object.keys(user.fields)
      .filter((name) => !isStandardField(name))
      .sort(),
  ];
  return {
    userId: user.userId,
    role: first?.roleType ?? 'learner',
    roleId: first?.roleId,
    departmentId: user.departmentId,
    status,
    fields: names.map((name) => ({ name, value: own[name] ?? '' })),
    addedDate: toDateText(user.addedAt),
    lastLoginDate: user.lastLoginAt ? toDateText(user.lastLoginAt) : undefined,
    manageableDepartmentIds: [...new Set(user.roles.flatMap((role) => role.manageableDepartmentIds))],
    userRoles: user.roles.map((role) => ({
      ...role,
      manageableDepartmentIds: [...role.manageableDepartmentIds],
    })),
    groups: [],
    subordination: NO_SUPERVISOR,
    coSubordination: NO_SUPERVISOR,
  };
}
const toV1 = (user: User) => toUser(user, statusInV1(user.status));
const toV2 = (user: User) => toUser(user, user.status);

const byId = object({ id: uuid() });
const texts = optional(list(text(), { item: 'value', isWrapped: false }));
const listFilter = { departments: optional(ids()), logins: texts, emails: texts };
const pageFilter = { ...listFilter, userIds: optional(ids()), ...pageMembers };

interface FilterInput {
  departments?: string[] | undefined;
  logins?: string[] | undefined;
  emails?: string[] | undefined;
  userIds?: string[] | undefined;
  pageSize?: number | undefined;
  pageToken?: string | undefined;
}

const toFilter = (input: FilterInput): users.UserListFilter => ({
  departmentIds: input.departments,
  logins: input.logins,
  emails: input.emails,
  userIds: input.userIds,
});

async function* allUsers(ctx: Context, input: FilterInput, to: (user: User) => ReturnType<typeof toUser>) {
  const filter = toFilter(input);
  for await (const part of allPages(
    (after, limit) => users.listUsers(ctx, filter, after, limit),
    (user) => user.userId,
  ))
    yield part.map(to);
}

async function userPage(ctx: Context, input: FilterInput, to: (user: User) => ReturnType<typeof toUser>) {
  const size = sizeOf(input.pageSize);
  const rows = await users.listUsers(ctx, toFilter(input), afterToken(input.pageToken), size + 1);
  const { items, nextPageToken } = toPage(rows, size, (user) => user.userId);
  return { items: items.map(to), nextPageToken };
}

async function* allDepartments(ctx: Context, code: string | undefined) {
  for await (const part of allPages(
    (after, limit) => listDepartments(ctx, code, after, limit),
    (department) => department.departmentId,
  ))
    yield part.map(toDepartment);
}

const NewUser = object(
  {
    departmentId: uuid(),
    fields: about('login is required; names in any case', fieldMap()),
    email: optional(text({ max: 320 })),
    password: optional(text({ max: 1_024 })),
    role: optional(text({ max: 100 })),
    roleId: optional(uuid()),
    roles: optional(
      list(object({ roleId: uuid(), manageableDepartmentIds: optional(ids()) }), { item: 'role', max: 20 }),
    ),
    manageableDepartmentIds: optional(ids()),
    sendLoginEmail: optional(boolean()),
    invitationMessage: optional(text()),
    sendLoginSMS: optional(boolean()),
    invitationSMSMessage: optional(text()),
  },
  'NewUser',
);

const ProfileField = object(
  {
    userFieldInfoId: text(),
    name: text(),
    label: text(),
    type: text(),
    isUnique: boolean(),
    isRequired: boolean(),
    orderPriority: integer(),
    values: list(text(), { item: 'value' }),
  },
  'ProfileFieldInfo',
);

const toProfileField = (name: string, place: number) => ({
  userFieldInfoId: name.toLowerCase(),
  name,
  label: name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' '),
  type: 'text',
  isUnique: name === 'LOGIN' || name === 'EMAIL',
  isRequired: name === 'LOGIN',
  orderPriority: place,
  values: [],
});

const DEPARTMENTS = { tag: 'departments', may: 'department.read' } as const;
const USERS = { tag: 'users', may: 'user.read' } as const;
const EDIT_USERS = { tag: 'users', may: 'user.write' } as const;
const userItem = { xmlItem: 'userProfile' };
const userItemV2 = { xmlItem: 'userProfileV2' };

const departmentRoutes: readonly Route<Context>[] = [
  route({
    ...DEPARTMENTS,
    method: 'GET',
    path: '/department',
    operationId: 'GetDepartments',
    summary: 'Every department the caller may see',
    query: object({ code: optional(text()) }),
    answer: manyUnpaged(DepartmentInfo, { xmlItem: 'department' }),
    run: async (ctx: Context, { query }) => allDepartments(ctx, query.code),
  }),
  route({
    ...DEPARTMENTS,
    method: 'GET',
    path: '/departments',
    operationId: 'ListDepartments',
    summary: 'Departments, page by page',
    query: object(pageMembers),
    answer: page(DepartmentInfo, { key: 'departments', xmlItem: 'department' }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const rows = await listDepartments(ctx, undefined, afterToken(query.pageToken), size + 1);
      const { items, nextPageToken } = toPage(rows, size, (department) => department.departmentId);
      return { items: items.map(toDepartment), nextPageToken };
    },
  }),
  route({
    tag: 'departments',
    may: 'department.write',
    method: 'POST',
    path: '/department',
    operationId: 'AddDepartment',
    summary: 'Add a department below another',
    body: object(
      { name: text({ min: 1, max: 500 }), parentDepartmentId: uuid(), code: optional(text({ max: 100 })) },
      'NewDepartment',
    ),
    answer: created(DepartmentInfo, { xmlItem: 'department' }),
    refusals: ['auth.department_scope', 'people.unknown_department', 'people.department_code_taken'],
    run: async (ctx: Context, { body }) => {
      const department = await addDepartment(
        ctx,
        body as { name: string; parentDepartmentId: string; code?: string },
      );
      return ctx.wantsObject ? toDepartment(department) : department.departmentId;
    },
  }),
  route({
    ...DEPARTMENTS,
    method: 'GET',
    path: '/department/{id}',
    operationId: 'GetDepartment',
    summary: 'One department',
    params: byId,
    answer: one(DepartmentInfo, { xmlItem: 'department' }),
    refusals: ['people.department_not_found', 'auth.department_scope'],
    run: async (ctx: Context, { params }) => toDepartment(await findDepartment(ctx, params.id)),
  }),
];

const userRoutes: readonly Route<Context>[] = [
  route({
    ...USERS,
    method: 'GET',
    path: '/user',
    operationId: 'GetUsers',
    summary: 'Every user the caller may see',
    query: object(listFilter),
    answer: manyUnpaged(UserInfo, userItem),
    refusals: ['people.unknown_department'],
    run: async (ctx: Context, { query }) => allUsers(ctx, query, toV1),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/user/v2',
    operationId: 'GetUsersV2',
    summary: 'Every user the caller may see; status 5 is told apart',
    query: object(listFilter),
    answer: manyUnpaged(UserInfo, userItemV2),
    refusals: ['people.unknown_department'],
    run: async (ctx: Context, { query }) => allUsers(ctx, query, toV2),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/users',
    operationId: 'ListUsers',
    summary: 'Users, page by page',
    query: object(pageFilter),
    answer: page(UserInfo, { key: 'userProfiles', ...userItem }),
    refusals: ['people.unknown_users', 'people.unknown_department', 'request.page_token'],
    run: (ctx: Context, { query }) => userPage(ctx, query, toV1),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/users/v2',
    operationId: 'ListUsersV2',
    summary: 'Users, page by page; status 5 is told apart',
    query: object(pageFilter),
    answer: page(UserInfo, { key: 'userProfiles', ...userItemV2 }),
    refusals: ['people.unknown_users', 'people.unknown_department', 'request.page_token'],
    run: (ctx: Context, { query }) => userPage(ctx, query, toV2),
  }),
  route({
    ...USERS,
    method: 'POST',
    path: '/users/v2',
    operationId: 'ListUsersV2ByBody',
    summary: 'Users, page by page, with the filter in the body',
    body: object(pageFilter),
    bodySize: 'bulk',
    answer: page(UserInfo, { key: 'userProfiles', ...userItemV2 }),
    refusals: ['people.unknown_users', 'people.unknown_department', 'request.page_token'],
    run: (ctx: Context, { body }) => userPage(ctx, body, toV2),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/user/profile/fields',
    operationId: 'GetProfileFields',
    summary: 'The profile fields every user has',
    answer: manyUnpaged(ProfileField, { xmlItem: 'profileField' }),
    run: async () => STANDARD_FIELDS.map(toProfileField),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/user/{id}',
    operationId: 'GetUser',
    summary: 'One user',
    params: byId,
    answer: one(UserInfo, userItem),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: async (ctx: Context, { params }) => toV1(await users.findUser(ctx, params.id)),
  }),
  route({
    ...USERS,
    method: 'GET',
    path: '/user/{id}/v2',
    operationId: 'GetUserV2',
    summary: 'One user; status 5 is told apart',
    params: byId,
    answer: one(UserInfo, userItem),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: async (ctx: Context, { params }) => toV2(await users.findUser(ctx, params.id)),
  }),
  route({
    ...EDIT_USERS,
    method: 'POST',
    path: '/user',
    operationId: 'AddUser',
    summary: 'Add a user',
    body: NewUser,
    answer: created(UserInfo, userItem),
    refusals: [
      'auth.department_scope',
      'auth.outranked',
      'people.unknown_department',
      'people.unknown_role',
      'people.login_taken',
      'people.email_taken',
    ],
    run: async (ctx: Context, { body }) => {
      const user = await users.addUser(ctx, body as users.UserInput);
      return ctx.wantsObject ? toV1(user) : user.userId;
    },
  }),
  route({
    ...EDIT_USERS,
    method: 'POST',
    path: '/user/{id}/status',
    operationId: 'SetUserStatus',
    summary: 'Activate, deactivate or terminate a user',
    params: byId,
    body: object({ status: integer({ min: 1, max: 5 }) }),
    answer: nothing(200),
    refusals: ['people.unknown_user', 'auth.user_scope', 'auth.outranked', 'people.last_owner'],
    run: (ctx: Context, { params, body }) => users.setStatus(ctx, params.id, users.toStatus(body.status)),
  }),
];

export const peopleRoutes: readonly Route<Context>[] = [...departmentRoutes, ...userRoutes];
