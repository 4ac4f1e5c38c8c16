import assert from 'node:assert/strict';
import { type Audited, auditEnrollments } from '../../src/enrollment/index.ts';
import { auditChain, auditOperations, type Fault } from '../../src/operations/index.ts';
import type { World } from './server.ts';

/** Everything that the audit says of a world's account. */
export async function audited({ db, account }: Pick<World, 'db' | 'account'>): Promise<{
  faults: Fault[];
  summary: Audited;
}> {
  const faults: Fault[] = [];
  const told = async <T>(found: AsyncGenerator<Fault, T>): Promise<T> => {
    for (;;) {
      const next = await found.next();
      if (next.done) return next.value;
      faults.push(next.value);
    }
  };
  await told(auditChain(db, account.accountId));
  await told(auditOperations(db, account.accountId));
  return { faults, summary: await told(auditEnrollments(db, account.accountId)) };
}

/** What Rollbook wrote is no fault. */
export async function assertAudited(world: Pick<World, 'db' | 'account'>): Promise<void> {
  assert.deepEqual((await audited(world)).faults, []);
}
