import type { ReadTx } from '../storage/index.ts';
import { latestOf } from './certificate-queries.ts';
import type { Pair } from './queries.ts';

export interface IssuedCertificate {
  readonly certificateId: string;
  readonly issuedAt: Date;
}

/** Which of these current enrollments have a certificate: one statement however many they are. */
export async function certificatesOf(
  tx: ReadTx,
  accountId: number,
  pairs: readonly Pair[],
): Promise<(pair: Pair) => IssuedCertificate | undefined> {
  const found = pairs.length > 0 ? await latestOf(tx, accountId, pairs) : [];
  const byPair = new Map(found.map((row) => [`${row.learnerId} ${row.itemId}`, row]));
  return (pair) => byPair.get(`${pair.learnerId} ${pair.itemId}`);
}
