import type { Context } from '../access/index.ts';
import { afterToken, allPages, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { created, manyUnpaged, nothing, one, page, type Route, route } from '../http/route.ts';
import { about, ids, object, oneOf, optional, text, uuid } from '../http/wire.ts';
import { refuse } from '../kernel/errors.ts';
import type { KnownDepartment } from './department-queries.ts';
import * as departments from './departments.ts';
import { SUBORDINATION_TYPES } from './rules.ts';
import { moveUsers } from './users.ts';

export const SubordinationInfo = object(
  {
    subordinationType: oneOf(...SUBORDINATION_TYPES),
    supervisorId: optional(about('With manual, and only then', uuid())),
  },
  'Subordination',
);

/** Members of requests that say who stands above; what is left out stays. */
export const supervisionMembers = {
  subordination: optional(SubordinationInfo),
  coSubordination: optional(SubordinationInfo),
};

const DepartmentInfo = object(
  {
    departmentId: uuid(),
    name: text(),
    parentDepartmentId: optional(uuid()),
    code: text(),
    subordination: SubordinationInfo,
    coSubordination: SubordinationInfo,
  },
  'Department',
);

const toDepartment = (department: KnownDepartment) => ({
  ...department,
  parentDepartmentId: department.parentDepartmentId ?? undefined,
  code: department.code ?? '',
});

async function* allDepartments(ctx: Context, code: string | undefined) {
  for await (const part of allPages(
    (after, limit) => departments.listDepartments(ctx, code, after, limit),
    (department) => department.departmentId,
  ))
    yield part.map(toDepartment);
}

const byId = object({ id: uuid() });
const name = text({ min: 1, max: 500 });
const code = optional(text({ max: 100 }));
const item = { xmlItem: 'department' };

const READ = { tag: 'departments', may: 'department.read' } as const;
const WRITE = { tag: 'departments', may: 'department.write' } as const;
const NOT_THERE = ['people.department_not_found', 'auth.department_scope'] as const;
const SUPERVISORS = ['people.unknown_users', 'auth.user_scope'] as const;
const MOVES = ['people.root_department', 'people.department_cycle', 'people.unknown_department'] as const;

export const departmentRoutes: readonly Route<Context>[] = [
  route({
    ...READ,
    method: 'GET',
    path: '/department',
    operationId: 'GetDepartments',
    summary: 'Every department the caller may see',
    query: object({ code: optional(text()) }),
    answer: manyUnpaged(DepartmentInfo, item),
    run: async (ctx: Context, { query }) => allDepartments(ctx, query.code),
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/departments',
    operationId: 'ListDepartments',
    summary: 'Departments, page by page',
    query: object(pageMembers),
    answer: page(DepartmentInfo, { key: 'departments', ...item }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const rows = await departments.listDepartments(ctx, undefined, afterToken(query.pageToken), size + 1);
      const { items, nextPageToken } = toPage(rows, size, (department) => department.departmentId);
      return { items: items.map(toDepartment), nextPageToken };
    },
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/department',
    operationId: 'AddDepartment',
    summary: 'Add a department below another',
    body: object({ name, parentDepartmentId: uuid(), code, ...supervisionMembers }, 'NewDepartment'),
    headerMembers: ['name', 'parentDepartmentId', 'code'],
    answer: created(one(DepartmentInfo, item)),
    refusals: [
      'auth.department_scope',
      'people.unknown_department',
      'people.department_code_taken',
      ...SUPERVISORS,
    ],
    run: async (ctx: Context, { body }) => {
      const department = await departments.addDepartment(ctx, body);
      return ctx.wantsObject ? toDepartment(department) : department.departmentId;
    },
  }),
  route({
    ...READ,
    method: 'GET',
    path: '/department/{id}',
    operationId: 'GetDepartment',
    summary: 'One department',
    params: byId,
    answer: one(DepartmentInfo, item),
    refusals: NOT_THERE,
    run: async (ctx: Context, { params }) => toDepartment(await departments.findDepartment(ctx, params.id)),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/department/{id}',
    operationId: 'EditDepartment',
    summary: 'Edit a department; what is left out stays',
    params: byId,
    body: object(
      { name: optional(name), parentDepartmentId: optional(uuid()), code, ...supervisionMembers },
      'DepartmentChanges',
    ),
    answer: nothing(204),
    refusals: [...NOT_THERE, ...MOVES, ...SUPERVISORS, 'people.department_code_taken'],
    run: (ctx: Context, { params, body }) => departments.editDepartment(ctx, params.id, body),
  }),
  route({
    ...WRITE,
    method: 'DELETE',
    path: '/department/{id}',
    operationId: 'DeleteDepartment',
    summary: 'Delete an empty department',
    params: byId,
    answer: nothing(204),
    refusals: [...NOT_THERE, 'people.root_department', 'people.department_not_empty'],
    run: (ctx: Context, { params }) => departments.deleteDepartment(ctx, params.id),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/department/{id}/subordination',
    operationId: 'SetDepartmentSubordination',
    summary: 'Say who supervises the people of a department',
    params: byId,
    body: object(supervisionMembers),
    answer: nothing(204),
    refusals: [...NOT_THERE, ...SUPERVISORS],
    run: (ctx: Context, { params, body }) => departments.setDepartmentSupervision(ctx, params.id, body),
  }),
  route({
    tag: 'departments',
    may: 'user.write',
    method: 'POST',
    path: '/department/{id}/user/move',
    operationId: 'MoveUsersToDepartment',
    summary: 'Move users into a department',
    params: byId,
    body: object({ userIds: ids({ min: 1 }) }),
    bodySize: 'bulk',
    answer: nothing(204),
    refusals: [...NOT_THERE, ...SUPERVISORS],
    run: (ctx: Context, { params, body }) => moveUsers(ctx, params.id, body.userIds),
  }),
  route({
    ...WRITE,
    method: 'POST',
    path: '/department/{id}/department/move',
    operationId: 'MoveDepartments',
    summary: 'Move departments, with all below them, into another',
    params: byId,
    body: object({
      departmentIds: optional(ids({ min: 1 })),
      departmnetIds: optional(about('The same, as the published interface spells it', ids({ min: 1 }))),
    }),
    bodySize: 'bulk',
    answer: nothing(204),
    refusals: [...NOT_THERE, ...MOVES],
    run: (ctx: Context, { params, body }) =>
      departments.moveDepartments(
        ctx,
        params.id,
        body.departmentIds ??
          body.departmnetIds ??
          refuse('request.invalid', { field: 'departmentIds', detail: 'is required' }),
      ),
  }),
];
