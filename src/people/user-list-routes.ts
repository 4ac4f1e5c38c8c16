import type { Context } from '../access/index.ts';
import { afterToken, allPages, MAX_PAGE, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { manyUnpaged, one, page, type Route, route } from '../http/route.ts';
import {
  about,
  type Infer,
  ids,
  instant,
  integer,
  list,
  object,
  optional,
  text,
  uuid,
} from '../http/wire.ts';
import { toDateText } from '../kernel/dates.ts';
import { isStandardField, STANDARD_FIELDS } from '../kernel/profile-fields.ts';
import { SubordinationInfo } from './department-routes.ts';
import { statusInV1 } from './rules.ts';
import type { User } from './user-queries.ts';
import * as users from './users.ts';

/** The shape of a user, and the lists of them. */

const UserRole = object({ roleId: uuid(), roleType: text(), manageableDepartmentIds: ids() }, 'UserRole');
const Field = object({ name: text(), value: text() }, 'UserProfileField');

export const UserInfo = object(
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
    subordination: SubordinationInfo,
    coSubordination: SubordinationInfo,
  },
  'User',
);

export const userItem = { xmlItem: 'userProfile' };
const userItemV2 = { xmlItem: 'userProfileV2' };

function toUser(user: User, status: number) {
  const [first] = user.roles;
  const managed = user.roles.flatMap((role) => role.manageableDepartmentIds);
  return {
    userId: user.userId,
    role: first?.roleType ?? 'learner',
    roleId: first?.roleId,
    departmentId: user.departmentId,
    status,
    fields: toFields(user),
    addedDate: toDateText(user.addedAt),
    lastLoginDate: user.lastLoginAt ? toDateText(user.lastLoginAt) : undefined,
    manageableDepartmentIds: managed.length > 1 ? [...new Set(managed)] : managed,
    userRoles: user.roles.map((role) => ({
      ...role,
      manageableDepartmentIds: [...role.manageableDepartmentIds],
    })),
    groups: [...user.groupIds],
    subordination: user.subordination,
    coSubordination: user.coSubordination,
  };
}

function toFields({ fields, login, email }: User): Infer<typeof Field>[] {
  const own = Object.keys(fields).filter((name) => !isStandardField(name));
  const written = STANDARD_FIELDS.map((name) => {
    const value = name === 'LOGIN' ? login : name === 'EMAIL' ? email : fields[name];
    return { name: name as string, value: value ?? '' };
  });
  for (const name of own.sort()) written.push({ name, value: fields[name] ?? '' });
  return written;
}

export const toV1 = (user: User) => toUser(user, statusInV1(user.status));
export const toV2 = (user: User) => toUser(user, user.status);

const texts = optional(list(text(), { item: 'value', isWrapped: false }));
const listFilter = {
  departments: optional(ids()),
  groups: optional(ids()),
  logins: texts,
  emails: texts,
};
const pageFilter = { ...listFilter, userIds: optional(ids()), ...pageMembers };

interface FilterInput {
  departments?: string[] | undefined;
  groups?: string[] | undefined;
  logins?: string[] | undefined;
  emails?: string[] | undefined;
  userIds?: string[] | undefined;
}

const toFilter = ({ departments, groups, logins, emails, userIds }: FilterInput): users.UserListFilter => ({
  departmentIds: departments,
  groupIds: groups,
  logins,
  emails,
  userIds,
});

async function* allUsers(ctx: Context, input: FilterInput, to: typeof toV1) {
  for await (const part of allPages(
    (after, limit) => users.listUsers(ctx, toFilter(input), after, limit),
    (user) => user.userId,
  ))
    yield part.map(to);
}

interface PageInput extends FilterInput {
  pageSize?: number | undefined;
  pageToken?: string | undefined;
}

async function userPage(ctx: Context, input: PageInput, to: typeof toV1) {
  const size = sizeOf(input.pageSize);
  const rows = await users.listUsers(ctx, toFilter(input), afterToken(input.pageToken), size + 1);
  const { items, nextPageToken } = toPage(rows, size, (user) => user.userId);
  return { items: items.map(to), nextPageToken };
}

const fieldName = text({ min: 1, max: 100 });
const Search = object(
  {
    ...listFilter,
    profileFields: optional(
      list(object({ name: fieldName, values: list(text(), { item: 'value', max: 100 }) }), {
        item: 'profileField',
        max: 20,
      }),
    ),
    profileFieldsDateRange: optional(
      list(object({ name: fieldName, from: instant(), to: instant() }), {
        item: 'profileFieldDateRange',
        max: 20,
      }),
    ),
    page: optional(about('From 1, which is the default', integer({ min: 1, max: 1_000_000 }))),
    pageSize: pageMembers.pageSize,
  },
  'UserSearch',
);

const SearchPage = object(
  {
    pageNumber: integer(),
    totalUsersNumber: integer(),
    userProfiles: list(UserInfo, { item: userItem.xmlItem }),
  },
  'UserSearchPage',
);

const READ = { tag: 'users', may: 'user.read' } as const;
const FILTERS = ['people.unknown_department', 'group.unknown_ids'] as const;
const PAGES = [...FILTERS, 'people.unknown_users', 'request.page_token'] as const;

export const userListRoutes: readonly Route<Context>[] = [
  route({
    ...READ,
    method: 'GET',
    path: '/user',
    operationId: 'GetUsers',
    summary: 'Every user the caller may see',
    query: object(listFilter),
    answer: manyUnpaged(UserInfo, userItem),
    refusals: FILTERS,
    run: async (ctx: Context, { query }) => allUsers(ctx, query, toV1),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/user/v2',
    operationId: 'GetUsersV2',
    summary: 'Every user the caller may see; status 5 is told apart',
    query: object(listFilter),
    answer: manyUnpaged(UserInfo, userItemV2),
    refusals: FILTERS,
    run: async (ctx: Context, { query }) => allUsers(ctx, query, toV2),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/users',
    operationId: 'ListUsers',
    summary: 'Users, page by page',
    query: object(pageFilter),
    answer: page(UserInfo, { key: 'userProfiles', ...userItem }),
    refusals: PAGES,
    run: (ctx: Context, { query }) => userPage(ctx, query, toV1),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/users/v2',
    operationId: 'ListUsersV2',
    summary: 'Users, page by page; status 5 is told apart',
    query: object(pageFilter),
    answer: page(UserInfo, { key: 'userProfiles', ...userItemV2 }),
    refusals: PAGES,
    run: (ctx: Context, { query }) => userPage(ctx, query, toV2),
  }),
  route({
    ...READ,
    method: 'POST',
    path: '/users/v2',
    operationId: 'ListUsersV2ByBody',
    keyless: 'read',
    summary: 'Users, page by page, with the filter in the body',
    body: object(pageFilter),
    bodySize: 'bulk',
    answer: page(UserInfo, { key: 'userProfiles', ...userItemV2 }),
    refusals: PAGES,
    run: (ctx: Context, { body }) => userPage(ctx, body, toV2),
  }),
  route({
    ...READ,
    method: 'POST',
    path: '/user/list',
    operationId: 'SearchUsers',
    keyless: 'read',
    summary: 'Users by profile fields, page by number of page',
    description: 'Fields are compared whole; ranges of days with fields that hold a date as YYYY-MM-DD.',
    body: Search,
    answer: one(SearchPage),
    refusals: FILTERS,
    run: async (ctx: Context, { body }) => {
      const filter = {
        ...toFilter(body),
        fields: body.profileFields?.map(({ name, values }) => ({ name: name.toUpperCase(), values })),
        fieldRanges: body.profileFieldsDateRange?.map(({ name, from, to }) => ({
          name: name.toUpperCase(),
          from: toDateText(from.at),
          to: toDateText(to.at),
        })),
      };
      const pageNumber = body.page ?? 1;
      const size = Math.min(body.pageSize ?? MAX_PAGE, MAX_PAGE);
      const found = await users.numberedPage(ctx, filter, pageNumber, size);
      return { pageNumber, totalUsersNumber: found.total, userProfiles: found.users.map(toV1) };
    },
  }),
  route({
    ...READ,
    method: 'POST',
    path: '/users/find_existing',
    operationId: 'FindExistingUsers',
    keyless: 'read',
    summary: 'Which of these ids name users',
    body: object({ userIds: ids() }),
    bodySize: 'bulk',
    headerMembers: ['userIds'],
    answer: manyUnpaged(uuid(), { xmlItem: 'id' }),
    run: (ctx: Context, { body }) => users.findExisting(ctx, body.userIds),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/user/{id}',
    operationId: 'GetUser',
    summary: 'One user',
    params: object({ id: uuid() }),
    answer: one(UserInfo, userItem),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: async (ctx: Context, { params }) => toV1(await users.findUser(ctx, params.id)),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/user/{id}/v2',
    operationId: 'GetUserV2',
    summary: 'One user; status 5 is told apart',
    params: object({ id: uuid() }),
    answer: one(UserInfo, userItem),
    refusals: ['people.unknown_user', 'auth.user_scope'],
    run: async (ctx: Context, { params }) => toV2(await users.findUser(ctx, params.id)),
  }),
];
