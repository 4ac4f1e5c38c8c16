import fc from 'fast-check';
import type { NewUser } from '../../src/people/index.ts';
import type { SentRule } from '../support/people.ts';

/** People, departments and groups as plain data, and who belongs to what by the meaning of the words alone: slow, and easy to believe. */

export type And<Rule> = readonly (readonly Rule[])[];

export interface Model {
  /** Department → the one above; the root is above itself nothing */
  readonly parents: Map<string, string | null>;
  readonly users: Map<string, Pick<NewUser, 'departmentId' | 'login' | 'fields'>>;
  readonly plain: Map<string, Set<string>>;
  readonly smart: Map<string, And<SentRule>>;
}

/** Whether a department is another, or lies somewhere below it. */
export function isBelow(model: Model, departmentId: string, top: string): boolean {
  for (let at: string | null = departmentId; at !== null; at = model.parents.get(at) ?? null)
    if (at === top) return true;
  return false;
}

export function belongs(model: Model, userId: string, groupId: string): boolean {
  const plain = model.plain.get(groupId);
  if (plain) return plain.has(userId);
  const rules = model.smart.get(groupId);
  return rules?.every((any) => any.some((rule) => fits(model, userId, rule))) ?? false;
}

function fits(model: Model, userId: string, rule: SentRule): boolean {
  const user = model.users.get(userId);
  if (!user) return false;
  if (rule.attributeType === 1)
    return rule.operator === 2
      ? isBelow(model, user.departmentId, rule.value)
      : user.departmentId === rule.value;
  if (rule.attributeType === 2) return belongs(model, userId, rule.value);
  return (rule.attributeId === 'LOGIN' ? user.login : user.fields[rule.attributeId ?? '']) === rule.value;
}

/** Whether a group depends on another by its rules, or would by these. */
export function dependsOn(model: Model, rules: And<SentRule>, groupId: string): boolean {
  return rules
    .flat()
    .filter((rule) => rule.attributeType === 2)
    .some(({ value }) => value === groupId || dependsOn(model, model.smart.get(value) ?? [], groupId));
}

/** Everybody in every group, by the model. */
export const allMembers = (model: Model): Record<string, string[]> =>
  Object.fromEntries(
    [...model.plain.keys(), ...model.smart.keys()]
      .sort()
      .map((groupId) => [
        groupId,
        [...model.users.keys()].filter((userId) => belongs(model, userId, groupId)).sort(),
      ]),
  );

/** A rule without ids: `pick` chooses among what there is when it is used. */
export interface RuleSpec {
  readonly kind: 'department' | 'below' | 'group' | 'field' | 'login';
  readonly pick: number;
}

export const FIELDS = ['CITY', 'JOB_TITLE'];
export const VALUES = ['Riga', 'riga', 'São Paulo', '%'];

const at = <T>(all: readonly T[], pick: number): T => {
  const value = all[pick % all.length];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
};

export { at as pickFrom };

export function toRule(model: Model, { kind, pick }: RuleSpec): SentRule {
  switch (kind) {
    case 'department':
    case 'below':
      return {
        attributeType: 1,
        operator: kind === 'below' ? 2 : 1,
        value: at([...model.parents.keys()], pick),
      };
    case 'group':
      return {
        attributeType: 2,
        operator: 1,
        value: at([...model.plain.keys(), ...model.smart.keys()], pick),
      };
    case 'field':
      return { attributeType: 3, attributeId: at(FIELDS, pick), operator: 1, value: at(VALUES, pick >> 1) };
    case 'login':
      return {
        attributeType: 3,
        attributeId: 'LOGIN',
        operator: 1,
        value: at(
          [...model.users.values()].map((user) => user.login),
          pick,
        ),
      };
  }
}

export const toRules = (model: Model, specs: And<RuleSpec>): And<SentRule> =>
  specs.map((any) => any.map((spec) => toRule(model, spec)));

const pick = fc.nat({ max: 1_000 });
export const ruleSpecs: fc.Arbitrary<And<RuleSpec>> = fc.array(
  fc.array(
    fc.record({
      kind: fc.constantFrom<RuleSpec['kind']>(
        'department',
        'below',
        'below',
        'group',
        'group',
        'field',
        'field',
        'login',
      ),
      pick,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 2 },
);

/** Something that happens to people, departments or groups; numbers choose among what there is. */
export type Change =
  | { readonly what: 'move users'; readonly users: readonly number[]; readonly to: number }
  | {
      readonly what: 'move department' | 'set groups' | 'leave group' | 'rename login';
      readonly one: number;
      readonly other: number;
    }
  | {
      readonly what: 'edit field';
      readonly one: number;
      readonly field: number;
      readonly value: number | null;
    }
  | { readonly what: 'set status' | 'remove user' | 'delete group'; readonly one: number }
  | { readonly what: 'add user'; readonly to: number; readonly value: number }
  | { readonly what: 'set members' | 'join groups'; readonly one: number; readonly users: readonly number[] }
  | { readonly what: 'edit rules'; readonly one: number; readonly rules: And<RuleSpec> }
  | { readonly what: 'add smart group'; readonly rules: And<RuleSpec> };

const some = fc.array(pick, { maxLength: 4 });
export const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('move users' as const), users: some, to: pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom(
        'move department',
        'move department',
        'set groups',
        'leave group',
        'rename login',
      ),
      one: pick,
      other: pick,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('edit field' as const),
      one: pick,
      field: pick,
      value: fc.option(pick),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('set status', 'remove user', 'delete group'), one: pick }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('add user' as const), to: pick, value: pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('set members', 'join groups'), one: pick, users: some }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('edit rules' as const), one: pick, rules: ruleSpecs }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('add smart group' as const), rules: ruleSpecs }) },
);
