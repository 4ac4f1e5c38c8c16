import { plain, type Row, UNKNOWN } from './table.ts';

/** How people may sign in is for the owner and administrators. Nothing listens where the provider is said to be. */
export const openIdRows: Record<string, Row> = {
  ChangeOpenIdSettings: plain('administrator', 200, () => ({
    path: '/portal/openid',
    json: { issuer: 'http://127.0.0.1:9', clientId: 'rollbook', label: 'Acme ID', claim: 'email' },
  })),
  GetOpenIdSettings: plain('administrator', 200, () => ({ path: '/portal/openid' })),
  ForgetOpenIdPerson: plain('administrator', 404, () => ({ path: `/user/${UNKNOWN}/openid` })),
  RemoveOpenIdSettings: plain('administrator', 204, () => ({ path: '/portal/openid' })),
};
