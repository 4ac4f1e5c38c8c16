import { randomInt } from 'node:crypto';
import {
  ATTRIBUTE,
  insertMembers,
  makeGroups,
  type NewGroup,
  OPERATOR,
  type Rules,
} from '../groups/index.ts';
import { newId } from '../kernel/ids.ts';
import type { Database } from '../storage/index.ts';

/** What a plain group has at most; on average half of it. */
const MAX_MEMBERS = 400;
/** Members of one statement. */
const AT_ONCE = 20_000;

interface People {
  readonly learnerIds: readonly string[];
  readonly departmentIds: readonly string[];
}

/** Groups with random members; every tenth is smart, for a department and all below it, half of them within a plain group, too. */
export async function loadGroups(
  db: Database,
  accountId: number,
  { learnerIds, departmentIds }: People,
  total: number,
  now: Date,
): Promise<void> {
  if (total === 0) return;
  const plain: NewGroup[] = [];
  const smart: NewGroup[] = [];
  for (let n = 0; n < total; n++) {
    const isSmart = n % 10 === 9;
    const within = n % 20 === 9 ? plain[randomInt(plain.length)] : undefined;
    const rules = isSmart ? below(any(departmentIds), within?.groupId) : null;
    (isSmart ? smart : plain).push({ groupId: newId(), name: `Group ${n + 1}`, rules });
  }
  await db.write(async (tx) => {
    await makeGroups(tx, accountId, plain, now);
    for (const pairs of randomMembers(plain, learnerIds)) await insertMembers(tx, accountId, pairs);
    await makeGroups(tx, accountId, smart, now);
  }, 'bulk');
}

const any = (ids: readonly string[]): string => ids[randomInt(ids.length)] ?? '';

const below = (departmentId: string, groupId: string | undefined): Rules => [
  [
    {
      attributeType: ATTRIBUTE.department,
      attributeId: null,
      operator: OPERATOR.nested,
      value: departmentId,
    },
  ],
  ...(groupId
    ? [[{ attributeType: ATTRIBUTE.group, attributeId: null, operator: OPERATOR.only, value: groupId }]]
    : []),
];

function* randomMembers(groups: readonly NewGroup[], learnerIds: readonly string[]) {
  let pairs = { groupIds: [] as string[], userIds: [] as string[] };
  for (const { groupId } of groups) {
    const size = Math.min(learnerIds.length, randomInt(1, MAX_MEMBERS));
    for (const userId of new Set(Array.from({ length: size }, () => any(learnerIds)))) {
      pairs.groupIds.push(groupId);
      pairs.userIds.push(userId);
    }
    if (pairs.groupIds.length < AT_ONCE) continue;
    yield pairs;
    pairs = { groupIds: [], userIds: [] };
  }
  yield pairs;
}
