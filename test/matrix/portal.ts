import { plain, type Row } from './table.ts';

/** What the pages of an account look like is for the owner and administrators. The logo itself: test/portal/look.test.ts. */

/** Nothing but the first bytes of a picture. */
const LOGO = { type: 'image/webp', text: 'RIFF\u0004\u0000\u0000\u0000WEBP' };

export const portalRows: Record<string, Row> = {
  GetPortalSettings: plain('administrator', 200, () => ({ path: '/portal/settings' })),
  ChangePortalSettings: plain('administrator', 200, () => ({
    path: '/portal/settings',
    json: { accentColor: '166534' },
  })),
  ChangeLogo: plain('administrator', 200, () => ({ path: '/portal/logo', file: LOGO })),
  RemoveLogo: plain('administrator', 204, () => ({ path: '/portal/logo' })),
};
