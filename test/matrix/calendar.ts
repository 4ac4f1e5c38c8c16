import { people, type Row } from './table.ts';

/** Addresses of calendars of others: for whoever manages the user. Everybody's own: test/calendar/secret.test.ts. */

const ofUser = (ok: number): Row => people(ok, 404, 403, (t) => ({ path: `/user/${t.learnerId}/calendar` }));

export const calendarRows: Record<string, Row> = {
  CreateCalendar: ofUser(201),
  GetCalendar: ofUser(200),
  RemoveCalendar: ofUser(204),
};
