import type { Authenticator } from '../../src/access/index.ts';
import type { Enrollments } from '../../src/enrollment/index.ts';
import type { FeedWatch } from '../../src/feed/index.ts';
import type { MailSender } from '../../src/mail/index.ts';
import type { Providers } from '../../src/openid/index.ts';
import { allRoutes } from '../../src/routes.ts';
import { Courier } from '../../src/webhooks/index.ts';

/** The route table, to be read: nothing in it can be run. */
export const ROUTES = allRoutes(
  undefined as unknown as Authenticator,
  undefined as unknown as Enrollments,
  new Courier({}),
  undefined as unknown as FeedWatch,
  undefined as unknown as MailSender,
  undefined as unknown as Providers,
);
