import { type Authenticator, accessRoutes, type Context } from './access/index.ts';
import { calendarRoutes } from './calendar/index.ts';
import { contentRoutes } from './content/index.ts';
import { type Enrollments, enrollmentRoutes } from './enrollment/index.ts';
import { type FeedWatch, feedRoutes } from './feed/index.ts';
import { groupRoutes } from './groups/index.ts';
import type { Route } from './http/route.ts';
import { jobRoutes } from './jobs/index.ts';
import { type MailSender, mailRoutes } from './mail/index.ts';
import { noticeRoutes } from './notices/index.ts';
import { openIdRoutes, type Providers } from './openid/index.ts';
import { operationRoutes } from './operations/index.ts';
import { peopleRoutes } from './people/index.ts';
import { lookRoutes } from './portal/index.ts';
import { certificateRoutes } from './progress/index.ts';
import { resultRoutes } from './results/index.ts';
import { trainingRoutes } from './training/index.ts';
import { transferRoutes } from './transfer/index.ts';
import { type Courier, webhookRoutes } from './webhooks/index.ts';

/** The route table: everything the API answers. */
export const allRoutes = (
  authenticator: Authenticator,
  enrollments: Enrollments,
  courier: Courier,
  watch: FeedWatch,
  mail: MailSender,
  providers: Providers,
): readonly Route<Context>[] => [
  ...accessRoutes(authenticator),
  ...openIdRoutes(providers),
  ...enrollmentRoutes(enrollments),
  ...transferRoutes(enrollments),
  ...resultRoutes,
  ...certificateRoutes,
  ...operationRoutes,
  ...jobRoutes,
  ...contentRoutes,
  ...trainingRoutes,
  ...peopleRoutes(enrollments, mail),
  ...webhookRoutes(courier),
  ...feedRoutes(watch),
  ...mailRoutes(mail),
  ...calendarRoutes,
  ...noticeRoutes,
  ...groupRoutes,
  ...lookRoutes,
];
