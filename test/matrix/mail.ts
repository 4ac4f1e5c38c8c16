import { people, plain, type Row, UNKNOWN } from './table.ts';

/** Mail is administered by the owner and account administrators; how a user is written to, by whoever manages them. */
export const mailRows: Record<string, Row> = {
  GetMailSettings: plain('administrator', 200, () => ({ path: '/mail/settings' })),
  ChangeMailSettings: plain('administrator', 200, () => ({ path: '/mail/settings', json: { maxPerDay: 9 } })),
  ListMailMessages: plain('administrator', 200, () => ({ path: '/mail/messages' })),
  SendMailMessage: plain('administrator', 404, () => ({ path: `/mail/messages/${UNKNOWN}/send` })),
  GetMailPreferences: people(200, 404, 403, ({ learnerId }) => ({ path: `/user/${learnerId}/mail` })),
  ChangeMailPreferences: people(200, 404, 403, ({ learnerId }) => ({
    path: `/user/${learnerId}/mail`,
    json: { locale: 'de' },
  })),
};
