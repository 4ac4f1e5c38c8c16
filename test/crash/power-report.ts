/** What the load of power.test.ts tells about itself. */

/** Requests and answers; times are of the monotonic clock. */
export interface Sent {
  readonly kind: 'enroll' | 'user' | 'course' | 'retire' | 'deactivate';
  readonly learnerIds: readonly string[];
  /** Also the id that was created, or that it was about. */
  readonly courseIds: readonly string[];
  readonly sentAt: string;
  answeredAt: string | null;
  status: number;
}

export interface LoadReport {
  readonly sent: readonly Sent[];
  /** When the account was there: before that, nothing was promised. */
  readonly readyAt: string;
  readonly operations: number;
}

/** How the load's server writes: small, so that it has large requests without taking long. */
export const LIMITS = { smallPairs: 300, chunkPairs: 150 } as const;
