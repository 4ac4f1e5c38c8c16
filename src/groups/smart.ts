import { type Context, includes, type Reach, reachOf } from '../access/index.ts';
import { listIds, refuse } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { isStandardField } from '../kernel/profile-fields.ts';
import type { ReadTx, WriteTx } from '../storage/index.ts';
import { rulesChanged } from './evaluate.ts';
import { loadGroup, refuseUnlessAllReached } from './groups.ts';
import * as queries from './queries.ts';
import {
  areConfined,
  cyclesOf,
  departmentsIn,
  fieldsIn,
  groupsIn,
  type Mention,
  type RuleInput,
  type Rules,
  readRule,
} from './rules.ts';
import * as smart from './smart-queries.ts';

/** Rules as they were sent: all of `and`, in each one of `or`. */
export type RulesInput = readonly (readonly RuleInput[])[];

/**
 * Makes a smart group, with whomever its rules admit; returns its id. Refuses rules that name what is not there (400),
 * and, of who manages departments, rules that could admit people of others (403).
 */
export function addSmartGroup(ctx: Context, input: { name: string; rules: RulesInput }): Promise<string> {
  const reach = reachOf(ctx.caller, 'group.write');
  const rules = readRules(input.rules);
  refuseBeyondReach(rules, reach);
  const { accountId } = ctx.caller;
  const groupId = newId();
  return ctx.write(async (tx) => {
    await queries.lockGroups(tx, accountId, 'exclusive');
    await refuseUnknown(tx, accountId, rules);
    await makeGroups(tx, accountId, [{ groupId, name: input.name, rules }], ctx.now);
    return groupId;
  });
}

/** Makes groups whose rules have been judged: plain ones empty, smart ones with whomever their rules admit. */
export async function makeGroups(
  tx: WriteTx,
  accountId: number,
  groups: readonly queries.NewGroup[],
  now: Date,
): Promise<void> {
  await queries.lockGroups(tx, accountId, 'exclusive');
  await queries.insertGroups(tx, accountId, groups, now);
  const smartIds = groups.filter((group) => group.rules !== null).map((group) => group.groupId);
  if (smartIds.length > 0) await rulesChanged(tx, accountId, smartIds);
}

/**
 * Gives a smart group other rules, and another name if there is one. Refuses as making and renaming do, a plain group
 * (400), and rules by which the group would depend on itself (400).
 */
export function editSmartGroup(
  ctx: Context,
  groupId: string,
  input: { name?: string | undefined; rules: RulesInput },
): Promise<void> {
  const reach = reachOf(ctx.caller, 'group.write');
  const rules = readRules(input.rules);
  refuseBeyondReach(rules, reach);
  const { accountId } = ctx.caller;
  return ctx.write(async (tx) => {
    await queries.lockGroups(tx, accountId, 'exclusive');
    await loadSmart(tx, accountId, groupId);
    await refuseUnlessAllReached(tx, accountId, groupId, reach);
    await refuseUnknown(tx, accountId, rules);
    const [cycle] = cyclesOf(await smart.selectSmartGroups(tx, accountId), groupId, rules);
    if (cycle) refuse('group.cycle', { field: `${cycle.place}.value`, ids: cycle.id });
    await queries.updateGroup(tx, accountId, groupId, { name: input.name, rules });
    await rulesChanged(tx, accountId, [groupId]);
  });
}

/** The rules of a smart group. Refuses an unknown group (404), a plain one (400), and rules that name departments beyond the caller's (403). */
export function findRules(ctx: Context, groupId: string): Promise<Rules> {
  const reach = reachOf(ctx.caller, 'group.read');
  return ctx.read(async (tx) => {
    const rules = await loadSmart(tx, ctx.caller.accountId, groupId);
    refuseDepartmentsBeyond(rules, reach);
    return rules;
  });
}

async function loadSmart(tx: ReadTx, accountId: number, groupId: string): Promise<Rules> {
  await loadGroup(tx, accountId, groupId);
  return (await smart.findRules(tx, accountId, groupId)) ?? refuse('group.not_smart', { ids: groupId });
}

function readRules(input: RulesInput): Rules {
  return input.map((alternatives, i) =>
    alternatives.map((sent, j) => {
      const rule = readRule(sent);
      if ('detail' in rule)
        refuse('request.invalid', {
          field: `rules.and[${i}].or[${j}].${rule.member}`,
          detail: rule.detail,
        });
      return rule;
    }),
  );
}

function refuseDepartmentsBeyond(rules: Rules, reach: Reach): void {
  const beyond = departmentsIn(rules).filter(({ id }) => !includes(reach, id));
  if (beyond.length > 0) refuse('auth.department_scope', { ids: listIds(beyond.map(({ id }) => id)) });
}

function refuseBeyondReach(rules: Rules, reach: Reach): void {
  refuseDepartmentsBeyond(rules, reach);
  if (!areConfined(rules, reach))
    refuse('group.scope', {
      detail:
        'rules: one of the conditions must name only departments you manage, or others could be admitted',
    });
}

/** Departments, groups and profile fields that are not there, by the place of the rule that names them. */
async function refuseUnknown(tx: ReadTx, accountId: number, rules: Rules): Promise<void> {
  const idsOf = (mentions: readonly Mention[]): string[] => [...new Set(mentions.map(({ id }) => id))];
  const departments = departmentsIn(rules);
  const unknown = await smart.unknownDepartments(tx, accountId, idsOf(departments));
  const department = departments.find(({ id }) => unknown.has(id));
  if (department)
    refuse('people.unknown_department', { field: `${department.place}.value`, ids: department.id });
  const groups = groupsIn(rules);
  const found = await queries.findGroups(tx, accountId, idsOf(groups));
  const group = groups.find(({ id }) => found.every(({ groupId }) => groupId !== id));
  if (group) refuse('group.unknown_ids', { field: `${group.place}.value`, ids: group.id });
  const fields = fieldsIn(rules).filter(({ id }) => !isStandardField(id));
  const undefinedFields = await smart.unknownFields(tx, accountId, idsOf(fields));
  const field = fields.find(({ id }) => undefinedFields.has(id));
  if (field)
    refuse('request.invalid', {
      field: `${field.place}.attributeId`,
      detail: `names no profile field of this account: ${field.id}`,
    });
}
