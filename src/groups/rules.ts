/** Smart groups: what a rule means, and in which order groups that refer to each other are decided. Pure. */

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

const valuesOf = (rules: Rules, attributeType: Rule['attributeType']): string[] =>
  rules.flat().flatMap((rule) => (rule.attributeType === attributeType ? [rule.value] : []));

/** The groups that rules refer to. */
export const groupsIn = (rules: Rules): string[] => valuesOf(rules, ATTRIBUTE.group);

/** The departments that rules name. */
export const departmentsIn = (rules: Rules): string[] => valuesOf(rules, ATTRIBUTE.department);

/** The names of the profile fields that rules read. */
export const fieldsIn = (rules: Rules): string[] =>
  rules.flat().flatMap((rule) => (rule.attributeId === null ? [] : [rule.attributeId]));

/**
 * The groups in an order in which each comes after those it refers to. Groups that refer to themselves, directly or
 * through others, are left out: callers refuse rules that would make any.
 */
export function inOrder(groups: readonly SmartGroup[]): SmartGroup[] {
  const smart = new Map(groups.map((group) => [group.groupId, group]));
  const waitsFor = new Map<string, Set<string>>();
  const neededBy = new Map<string, SmartGroup[]>();
  for (const group of groups) {
    const needs = new Set(groupsIn(group.rules).filter((id) => smart.has(id)));
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
    const isTouched = groupsIn(rules).some((id) => touched.has(id));
    if (isTouched) touched.add(groupId);
    return isTouched;
  });
}
