/** The words of the permission matrix: who asks, about whom, and what a row says. Each area has a file of rows. */

export const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
export const WHOLE = ['owner', 'administrator'];
export const MANAGERS = ['department_administrator', 'custom_full'];
export const ROLES = [...WHOLE, ...MANAGERS, 'publisher', 'custom_other', 'learner', 'nobody'] as const;
export type Role = (typeof ROLES)[number];

/** Who may use an endpoint at all, by what it asks for. */
export const ALLOWED: Record<string, readonly string[]> = {
  administrator: WHOLE,
  people: [...WHOLE, ...MANAGERS],
  'read content': [...WHOLE, ...MANAGERS, 'publisher'],
  'read groups': [...WHOLE, ...MANAGERS, 'publisher', 'custom_other'],
  'write content': [...WHOLE, 'custom_full', 'publisher'],
};

/** Whom or what a request is about. */
export interface Target {
  readonly departmentId: string;
  readonly learnerId: string;
  readonly enrollmentId: string;
  readonly certificateId: string;
  readonly unlockRequestId: string;
}
export type Place = 'own' | 'sub' | 'foreign' | 'unknown';

/** What every row may name besides; made once (matrix.test.ts, `makeFixtures`). */
export interface Fixtures {
  readonly course: string;
  readonly track: string;
  readonly material: string;
  readonly training: string;
  readonly session: string;
  readonly day: string;
  readonly operation: string;
  readonly group: string;
  /** By a profile field */
  readonly smartGroup: string;
  /** Whose rules are changed */
  readonly changingGroup: string;
}

export interface Row {
  readonly asks: keyof typeof ALLOWED;
  request(
    target: Target,
    fixtures: Fixtures,
  ): {
    path: string;
    json?: Record<string, unknown>;
    csv?: string;
    file?: { type: string; text: string };
  };
  /** Status when all is well; for callers who see the whole account and an unknown id; for limited callers outside. */
  readonly ok: number;
  readonly unknown?: number;
  readonly outside?: number;
  /** When all is well the enrollment is gone, and the next request is about another. */
  readonly endsEnrollment?: boolean;
}

let serial = 0;
export const name = (): string => `m-${process.pid}-${++serial}`;
export const people = (ok: number, unknown: number, outside: number, request: Row['request']): Row => ({
  asks: 'people',
  ok,
  unknown,
  outside,
  request,
});
export const plain = (asks: Row['asks'], ok: number, request: Row['request']): Row => ({ asks, ok, request });
