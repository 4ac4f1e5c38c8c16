import { name, plain, type Row } from './table.ts';

/** Webhooks are administered by the owner and account administrators; nobody else is even told what there is. */

const NOBODY = 'no such subscriber';
const administered = (ok: number, path: string, json?: Record<string, unknown>): Row =>
  plain('administrator', ok, () => ({ path, ...(json ? { json } : {}) }));
const byName = (path: string): Row => administered(404, path, { subscriberName: NOBODY });

export const webhookRows: Record<string, Row> = {
  RegisterSubscriber: plain('administrator', 200, () => ({
    path: '/webhook/register',
    json: { subscriberName: name(), callbackUrl: 'http://receiver.example/' },
  })),
  ChangeSubscriberSettings: administered(404, '/webhook/settings/change', {
    subscriberName: NOBODY,
    callbackUrl: 'http://receiver.example/',
  }),
  SendConfirmationCode: byName('/webhook/code/send'),
  ConfirmSubscriber: administered(404, '/webhook/confirm', { subscriberName: NOBODY, code: 'x' }),
  EnableSubscriber: byName('/webhook/enable'),
  DisableSubscriber: byName('/webhook/disable'),
  RemoveSubscriber: byName('/webhook/remove'),
  Subscribe: administered(404, '/webhook/subscribe', {
    subscriberName: NOBODY,
    subscription: { subscriptionType: 'USER_REGISTERED' },
  }),
  Unsubscribe: administered(404, '/webhook/unsubscribe', {
    subscriberName: NOBODY,
    subscriptionType: 'USER_REGISTERED',
  }),
  ListSubscriptions: administered(404, '/webhook/subscription/list?subscriberName=nobody'),
  GetSubscriberInfo: administered(404, '/webhook/subscriber/info?subscriberName=nobody'),
  ListDeliveries: administered(404, '/webhook/deliveries?subscriberName=nobody'),
  ReplayDeliveries: administered(404, '/webhook/replay', { subscriberName: NOBODY, from: '2026-01-01' }),
};
