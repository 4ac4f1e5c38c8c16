import { plain, type Row } from './table.ts';

/** What the pages of an account look like is for the owner and administrators. The logo itself: test/portal/look.test.ts. */

/** Nothing but the first bytes of a picture. */
function form(): FormData {
  const data = new FormData();
  data.set('file', new Blob(['RIFF\u0004\u0000\u0000\u0000WEBP'], { type: 'image/webp' }), 'logo.webp');
  return data;
}

export const portalRows: Record<string, Row> = {
  GetPortalSettings: plain('administrator', 200, () => ({ path: '/portal/settings' })),
  ChangePortalSettings: plain('administrator', 200, () => ({
    path: '/portal/settings',
    json: { accentColor: '166534' },
  })),
  ChangeLogo: plain('administrator', 200, () => ({ path: '/portal/logo', csv: form() })),
  RemoveLogo: plain('administrator', 204, () => ({ path: '/portal/logo' })),
};
