import { includes, type Reach } from '../access/index.ts';
import { isUuid } from '../kernel/ids.ts';

/** Smart groups: what a rule means, which rules can stand, and in which order groups that refer to each other are decided. */

/** What a rule looks at; the numbers are the contract's. */
export const ATTRIBUTE = { department: 1, group: 2, profile: 3 } as const;
/** How it compares: only this, or (departments) this and everything below it. */
export const OPERATOR = { only: 1, nested: 2 } as const;

export interface Rule {
  readonly attributeType: 1 | 2 | 3;
  /** Name of the profile field, in upper case; of departments and groups nothing. */
  readonly attributeId: string | null;
  readonly operator: 1 | 2;
  /** Id of a department or group, or the text that the field must equal, letter by letter. */
  readonly value: string;
}

/** All of these must hold; each holds if one of its rules does. */
export type Rules = readonly (readonly Rule[])[];

export interface SmartGroup {
  readonly groupId: string;
  readonly rules: Rules;
}

/** What rules can ask about a person. Status is not among it: whoever leaves keeps their groups, as their department. */
export interface Facts {
  /** The department and all above it, the own one first */
  readonly departmentPath: readonly string[];
  readonly groupIds: ReadonlySet<string>;
  /** By upper-case name, LOGIN and EMAIL included */
  readonly fields: Readonly<Record<string, string>>;
}

function holds(rule: Rule, facts: Facts): boolean {
  switch (rule.attributeType) {
    case ATTRIBUTE.department:
      return rule.operator === OPERATOR.nested
        ? facts.departmentPath.includes(rule.value)
        : facts.departmentPath[0] === rule.value;
    case ATTRIBUTE.group:
      return facts.groupIds.has(rule.value);
    case ATTRIBUTE.profile:
      return rule.attributeId !== null && facts.fields[rule.attributeId] === rule.value;
  }
}

/** Whether the rules admit somebody. */
export const admits = (rules: Rules, facts: Facts): boolean =>
  rules.every((alternatives) => alternatives.some((rule) => holds(rule, facts)));

/** What rules ask after: one kind of thing, each with the place of the rule that asks. */
export interface Mention {
  readonly place: string;
  readonly id: string;
}

const mentions = (rules: Rules, type: Rule['attributeType'], idOf: (rule: Rule) => string): Mention[] =>
  rules.flatMap((alternatives, i) =>
    alternatives.flatMap((rule, j) =>
      rule.attributeType === type ? [{ place: `rules.and[${i}].or[${j}]`, id: idOf(rule) }] : [],
    ),
  );

/** The departments that rules name. */
export const departmentsIn = (rules: Rules): Mention[] =>
  mentions(rules, ATTRIBUTE.department, (rule) => rule.value);

/** The groups that rules refer to. */
export const groupsIn = (rules: Rules): Mention[] => mentions(rules, ATTRIBUTE.group, (rule) => rule.value);

/** The profile fields that rules read. */
export const fieldsIn = (rules: Rules): Mention[] =>
  mentions(rules, ATTRIBUTE.profile, (rule) => rule.attributeId ?? '');

/** A rule as it was sent; the numbers are within their ranges. */
export interface RuleInput {
  readonly attributeType?: number | undefined;
  readonly attributeId?: string | undefined;
  readonly operator?: number | undefined;
  readonly value?: string | undefined;
}

/** The member that is wrong with a rule, and what is. */
export interface Fault {
  readonly member: keyof RuleInput;
  readonly detail: string;
}

/** A rule as it is kept, or what is wrong with it by itself. */
export function readRule(input: RuleInput): Rule | Fault {
  for (const member of ['attributeType', 'operator', 'value'] as const)
    if (input[member] === undefined) return { member, detail: 'is required' };
  const { attributeType, operator, value = '' } = input as Rule;
  if (operator === OPERATOR.nested && attributeType !== ATTRIBUTE.department)
    return { member: 'operator', detail: '2 (this and nested) is for departments only' };
  if (attributeType === ATTRIBUTE.profile) {
    const attributeId = (input.attributeId ?? '').trim().toUpperCase();
    if (attributeId === '') return { member: 'attributeId', detail: 'must name a profile field' };
    return { attributeType, attributeId, operator, value };
  }
  if (!isUuid(value)) return { member: 'value', detail: `must be a UUID, got ${value.slice(0, 100)}` };
  return { attributeType, attributeId: null, operator, value: value.toLowerCase() };
}

/**
 * Whether rules admit only people within a reach, wherever groups and fields may lead: at least one of the conditions
 * must name nothing but departments of the reach.
 */
export const areConfined = (rules: Rules, reach: Reach): boolean =>
  reach === 'everyone' ||
  rules.some((alternatives) =>
    alternatives.every((rule) => rule.attributeType === ATTRIBUTE.department && includes(reach, rule.value)),
  );

/** The mentions by which a group would refer to itself, directly or through others, if these were its rules. */
export function cyclesOf(groups: readonly SmartGroup[], groupId: string, rules: Rules): Mention[] {
  const others = groups.filter((group) => group.groupId !== groupId);
  const reaching = new Set([
    groupId,
    ...dependentsOf(inOrder(others), [groupId]).map((group) => group.groupId),
  ]);
  return groupsIn(rules).filter(({ id }) => reaching.has(id));
}

/**
 * The groups in an order in which each comes after those it refers to. Groups that refer to themselves, directly or
 * through others, are left out: callers refuse rules that would make any.
 */
export function inOrder(groups: readonly SmartGroup[]): SmartGroup[] {
  const smart = new Map(groups.map((group) => [group.groupId, group]));
  const waitsFor = new Map<string, Set<string>>();
  const neededBy = new Map<string, SmartGroup[]>();
  for (const group of groups) {
    const needs = new Set(groupsIn(group.rules).flatMap(({ id }) => (smart.has(id) ? [id] : [])));
    waitsFor.set(group.groupId, needs);
    for (const id of needs) neededBy.set(id, [...(neededBy.get(id) ?? []), group]);
  }
  const ordered = groups.filter((group) => waitsFor.get(group.groupId)?.size === 0);
  for (const decided of ordered)
    for (const next of neededBy.get(decided.groupId) ?? []) {
      const open = waitsFor.get(next.groupId);
      open?.delete(decided.groupId);
      if (open?.size === 0) ordered.push(next);
    }
  return ordered;
}

/** Which of the smart groups, given in order, somebody belongs to. `facts.groupIds` counts for the other groups alone. */
export function membershipsOf(ordered: readonly SmartGroup[], facts: Facts): Set<string> {
  const groupIds = new Set(facts.groupIds);
  for (const { groupId } of ordered) groupIds.delete(groupId);
  const found = new Set<string>();
  for (const { groupId, rules } of ordered) {
    if (!admits(rules, { ...facts, groupIds })) continue;
    groupIds.add(groupId);
    found.add(groupId);
  }
  return found;
}

/** The groups to decide anew, in order, when these groups changed: those referring to them, directly or through others. */
export function dependentsOf(ordered: readonly SmartGroup[], changed: readonly string[]): SmartGroup[] {
  const touched = new Set(changed);
  return ordered.filter(({ groupId, rules }) => {
    const isTouched = groupsIn(rules).some(({ id }) => touched.has(id));
    if (isTouched) touched.add(groupId);
    return isTouched;
  });
}
