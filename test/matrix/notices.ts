import { plain, type Row } from './table.ts';

/** How an account tells people is for the owner and administrators. */
export const noticeRows: Record<string, Row> = {
  GetNoticeSettings: plain('administrator', 200, () => ({ path: '/notices/settings' })),
  ChangeNoticeSettings: plain('administrator', 200, () => ({
    path: '/notices/settings',
    json: { isEnabled: true, reminders: [] },
  })),
};
