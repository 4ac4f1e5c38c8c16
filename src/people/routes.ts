import type { Context } from '../access/index.ts';
import type { Route } from '../http/route.ts';
import type { MailSender } from '../mail/index.ts';
import { departmentRoutes } from './department-routes.ts';
import type { EndsEnrollments } from './standing.ts';
import { userListRoutes } from './user-list-routes.ts';
import { userRoutes } from './user-routes.ts';

export const peopleRoutes = (enrollments: EndsEnrollments, mail: MailSender): readonly Route<Context>[] => [
  ...departmentRoutes,
  ...userListRoutes,
  ...userRoutes(enrollments, mail),
];
