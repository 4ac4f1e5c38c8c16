import type { Context } from '../access/index.ts';
import { afterToken, allPages, pageMembers, sizeOf, toPage } from '../http/paging.ts';
import { created, manyUnpaged, nothing, one, oneWithList, page, type Route, route } from '../http/route.ts';
import { about, boolean, ids, integer, list, object, optional, text, uuid } from '../http/wire.ts';
import * as groups from './groups.ts';
import type { Rules } from './rules.ts';
import * as smart from './smart.ts';

const GroupInfo = object({ groupId: uuid(), name: text(), isSmart: boolean() }, 'Group');

const DetailedGroup = object(
  {
    usersCount: about('Everybody in the group', integer()),
    userIds: optional(about('Those whom the caller reaches; left out for authors, who reach nobody', ids())),
    groupId: uuid(),
    name: text(),
    isSmart: boolean(),
  },
  'DetailedGroup',
);

/** A person is decided by every rule of the account: those of one group are bounded. */
const MAX_CONDITIONS = 20;
const MAX_ALTERNATIVES = 100;

const ruleMembers = {
  attributeType: about('1 department, 2 group, 3 profile field', integer({ min: 1, max: 3 })),
  attributeId: optional(about('The name of the profile field', text({ max: 100 }))),
  operator: about('1 only, 2 this and nested (departments)', integer({ min: 1, max: 2 })),
  value: about(
    'The id of the department or group, or the text the field must equal',
    text({ min: 1, max: 1_000 }),
  ),
};
const Rule = object(ruleMembers, 'SmartGroupRule');

const rulesOf = <T>(alternative: Parameters<typeof list<T>>[0], min = 0) =>
  object({
    and: list(
      object({ or: list(alternative, { item: 'or', isWrapped: false, min, max: MAX_ALTERNATIVES }) }),
      { item: 'and', isWrapped: false, min, max: MAX_CONDITIONS },
    ),
  });

/** The contract's OpenAPI puts each rule into `rule`; its text speaks of bare rules. Both are read. */
const sentRules = rulesOf(
  object({
    rule: optional(Rule),
    attributeType: optional(ruleMembers.attributeType),
    attributeId: ruleMembers.attributeId,
    operator: optional(ruleMembers.operator),
    value: optional(ruleMembers.value),
  }),
  1,
);

const toInput = (sent: { and: { or: { rule?: object | undefined }[] }[] }): smart.RulesInput =>
  sent.and.map(({ or }) => or.map((alternative) => alternative.rule ?? alternative));

const SmartGroupRules = object(
  { groupId: uuid(), rules: rulesOf(object({ rule: Rule })) },
  'SmartGroupRules',
);

const toRules = (rules: Rules) => ({
  and: rules.map((alternatives) => ({
    or: alternatives.map((rule) => ({ rule: { ...rule, attributeId: rule.attributeId ?? undefined } })),
  })),
});

const GROUPS = { tag: 'groups', may: 'group.read' } as const;
const EDIT_GROUPS = { tag: 'groups', may: 'group.write' } as const;
const byId = object({ id: uuid() });
const name = text({ min: 1, max: 200 });
const groupItem = { xmlItem: 'group' };
const detailed = oneWithList(DetailedGroup, { ...groupItem, list: 'userIds' });

async function* allGroups(ctx: Context) {
  yield* allPages(
    (after, limit) => groups.listGroups(ctx, after, limit),
    (group) => group.groupId,
  );
}

async function detailsOf(ctx: Context, groupId: string) {
  const { showsMembers, ...group } = await groups.findGroup(ctx, groupId);
  if (!showsMembers) return { ...group, userIds: undefined };
  const userIds = allPages(
    (after, limit) => groups.listMembers(ctx, groupId, after, limit),
    (userId) => userId,
  );
  return { ...group, userIds };
}

/** What is answered to a creation: its id, or the whole with X-Return-Object. */
const idOrDetails = async (ctx: Context, groupId: string) =>
  ctx.wantsObject ? detailsOf(ctx, groupId) : groupId;

export const groupRoutes: readonly Route<Context>[] = [
  route({
    ...GROUPS,
    method: 'GET',
    path: '/group',
    operationId: 'GetGroups',
    summary: 'Every group',
    answer: manyUnpaged(GroupInfo, groupItem),
    run: async (ctx: Context) => allGroups(ctx),
  }),
  route({
    ...GROUPS,
    method: 'GET',
    path: '/groups',
    operationId: 'ListGroups',
    summary: 'Groups, page by page',
    query: object(pageMembers),
    answer: page(GroupInfo, { key: 'groups', ...groupItem }),
    refusals: ['request.page_token'],
    run: async (ctx: Context, { query }) => {
      const size = sizeOf(query.pageSize);
      const rows = await groups.listGroups(ctx, afterToken(query.pageToken), size + 1);
      return toPage(rows, size, (group) => group.groupId);
    },
  }),
  route({
    ...GROUPS,
    method: 'GET',
    path: '/group/{id}',
    operationId: 'GetGroup',
    summary: 'One group with its members',
    params: byId,
    answer: detailed,
    refusals: ['group.unknown'],
    run: (ctx: Context, { params }) => detailsOf(ctx, params.id),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'POST',
    path: '/group',
    operationId: 'AddGroup',
    summary: 'Add a group',
    body: object({ name, userIds: optional(ids()) }, 'NewGroup'),
    bodySize: 'bulk',
    answer: created(detailed),
    refusals: ['people.unknown_users', 'auth.user_scope'],
    run: async (ctx: Context, { body }) =>
      idOrDetails(ctx, await groups.addGroup(ctx, { name: body.name, userIds: body.userIds ?? [] })),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'POST',
    path: '/group/{id}',
    operationId: 'UpdateGroup',
    summary: 'Rename a group',
    params: byId,
    body: object({ name }),
    answer: nothing(200),
    refusals: ['group.unknown', 'group.scope'],
    run: (ctx: Context, { params, body }) => groups.renameGroup(ctx, params.id, body.name),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'DELETE',
    path: '/group/{id}',
    operationId: 'RemoveGroup',
    summary: 'Delete a group',
    params: byId,
    answer: nothing(204),
    refusals: ['group.unknown', 'group.scope', 'group.in_use'],
    run: (ctx: Context, { params }) => groups.deleteGroup(ctx, params.id),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'POST',
    path: '/group/{id}/members',
    operationId: 'UpdateGroupMembers',
    summary: 'Replace the members of a group',
    description: 'Members outside of the departments that the caller manages stay.',
    params: byId,
    body: object({ userIds: ids() }),
    bodySize: 'bulk',
    answer: nothing(200),
    refusals: ['group.unknown', 'group.smart', 'people.unknown_users', 'auth.user_scope'],
    run: (ctx: Context, { params, body }) => groups.setMembers(ctx, params.id, body.userIds),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'POST',
    path: '/group/smart',
    operationId: 'AddSmartGroup',
    summary: 'Add a smart group',
    description:
      'Its members follow from its rules: all of `and` must hold, and each holds if one of its `or` does.',
    body: object({ name, rules: sentRules }, 'NewSmartGroup'),
    answer: created(detailed),
    refusals: ['people.unknown_department', 'group.unknown_ids', 'auth.department_scope', 'group.scope'],
    run: async (ctx: Context, { body }) =>
      idOrDetails(ctx, await smart.addSmartGroup(ctx, { name: body.name, rules: toInput(body.rules) })),
  }),
  route({
    ...EDIT_GROUPS,
    method: 'POST',
    path: '/group/smart/{id}',
    operationId: 'EditSmartGroup',
    summary: 'Change the rules of a smart group',
    params: byId,
    body: object({ name: optional(name), rules: sentRules }),
    answer: nothing(200),
    refusals: [
      'group.unknown',
      'group.not_smart',
      'group.cycle',
      'people.unknown_department',
      'group.unknown_ids',
      'auth.department_scope',
      'group.scope',
    ],
    run: (ctx: Context, { params, body }) =>
      smart.editSmartGroup(ctx, params.id, { name: body.name, rules: toInput(body.rules) }),
  }),
  route({
    ...GROUPS,
    method: 'GET',
    path: '/group/smart/{id}/rules',
    operationId: 'GetSmartGroupRules',
    summary: 'The rules of a smart group',
    params: byId,
    answer: one(SmartGroupRules, { xmlItem: 'smartGroupRules', jsonKey: 'smartGroupRules' }),
    refusals: ['group.unknown', 'group.not_smart', 'auth.department_scope'],
    run: async (ctx: Context, { params }) => ({
      groupId: params.id,
      rules: toRules(await smart.findRules(ctx, params.id)),
    }),
  }),
];
