import type { Context } from '../access/index.ts';
import {
  datesOf,
  type PlanNotices,
  type PlannedNotice,
  plannedPage,
  requirePlan,
} from '../enrollment/index.ts';
import { supervisorsOf } from '../people/index.ts';
import type { ReadTx } from '../storage/index.ts';
import { withheldFrom } from './notice-queries.ts';
import { type Settings, stepsOf } from './rules.ts';
import { findSettings, timeZoneOf } from './settings-queries.ts';

/** What people would be told of a plan, by the same rules by which they are told. */

/** What would be said of enrollments with these dates that begin now. */
export const planNotices: PlanNotices = async (tx, accountId, dates, now) => {
  const settings = await findSettings(tx, accountId);
  if (!settings.isEnabled) return [];
  const timeZone = await timeZoneOf(tx, accountId);
  return dates.flatMap(({ itemId, accessAt, dueAt }) =>
    noticesOf({ accessAt, dueAt, recordedAt: now }, settings, timeZone).map((notice) => ({
      itemId,
      ...notice,
    })),
  );
};

function noticesOf(
  terms: Parameters<typeof stepsOf>[0],
  settings: Settings,
  timeZone: string,
): Omit<PlannedNotice, 'itemId'>[] {
  return stepsOf(terms, settings, timeZone).flatMap(({ at, isAssigned, reminders }) => {
    const types: PlannedNotice['noticeType'][] = [
      ...(isAssigned ? (['assigned'] as const) : []),
      ...reminders.filter(({ to }) => to !== 'supervisor').map(({ kind }) => kind),
      ...(reminders.some(({ to }) => to !== 'learner') ? (['escalation'] as const) : []),
    ];
    return [...new Set(types)].map((noticeType) => ({ noticeType, sendAt: at }));
  });
}

/** Why somebody would get nothing. */
export const WITHHELD = ['no_address', 'inactive', 'unsubscribed'] as const;

export interface PlannedMessage {
  readonly userId: string;
  readonly learnerId: string;
  readonly itemId: string;
  readonly noticeType: PlannedNotice['noticeType'];
  readonly sendAt: Date;
  readonly withheld: (typeof WITHHELD)[number] | undefined;
}

export interface MessagePage {
  readonly items: readonly PlannedMessage[];
  readonly nextPageToken: string | undefined;
}

/** To whom what would be said when: a page of pairs. Refuses `plan.unknown`, `plan.expired` and `request.page_token`. */
export async function plannedMessages(
  ctx: Context,
  token: string,
  wanted: { readonly pageSize: number; readonly pageToken: string | undefined },
): Promise<MessagePage> {
  const plan = await requirePlan(ctx, token);
  const { items: pairs, nextPageToken } = await plannedPage(ctx, token, { ...wanted, outcome: 'created' });
  const items = await ctx.read(async (tx) => {
    const { accountId } = ctx.caller;
    const notices = await planNotices(tx, accountId, datesOf(plan.items), ctx.now);
    const above = notices.some(({ noticeType }) => noticeType === 'escalation')
      ? await supervisorsOf(
          tx,
          accountId,
          pairs.map(({ learnerId }) => learnerId),
        )
      : new Map<string, string[]>();
    const messages = pairs.flatMap(({ learnerId, itemId }) =>
      notices
        .filter((notice) => notice.itemId === itemId)
        .flatMap((notice) =>
          (notice.noticeType === 'escalation' ? (above.get(learnerId) ?? []) : [learnerId]).map((userId) => ({
            ...notice,
            userId,
            learnerId,
          })),
        ),
    );
    return withWithheld(tx, ctx, messages);
  });
  return { items, nextPageToken };
}

async function withWithheld(
  tx: ReadTx,
  { caller: { accountId }, now }: Context,
  messages: readonly Omit<PlannedMessage, 'withheld'>[],
): Promise<PlannedMessage[]> {
  const people = await withheldFrom(tx, accountId, [...new Set(messages.map(({ userId }) => userId))], now);
  return messages.map((message) => {
    const why = people.get(message.userId);
    const isReminder = message.noticeType === 'due_soon' || message.noticeType === 'overdue';
    const withheld = why === 'unsubscribed' && !isReminder ? undefined : why;
    return { ...message, withheld };
  });
}
