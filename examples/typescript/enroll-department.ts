/**
 * Enrolls every active user of a department in a course, for thirty days from now, with the typed client.
 *   enroll-department DEPARTMENT_CODE COURSE_ID
 */
import { Client } from 'rollbook/client';

const [code, courseId] = process.argv.slice(2);
if (code === undefined || courseId === undefined)
  throw new Error('enroll-department DEPARTMENT_CODE COURSE_ID');

const client = new Client({
  url: process.env['ROLLBOOK_URL'] ?? 'http://127.0.0.1:8080',
  clientId: process.env['ROLLBOOK_CLIENT_ID'] ?? '',
  clientSecret: process.env['ROLLBOOK_CLIENT_SECRET'] ?? '',
});

const [department] = await client.call('GetDepartments', { query: { code } });
if (!department) throw new Error(`There is no department with the code ${code}.`);
const learnerIds: string[] = [];
for await (const user of client.entries('ListUsersV2', { query: { departments: [department.departmentId] } }))
  if (user.status === 1) learnerIds.push(user.userId);
if (learnerIds.length === 0) throw new Error(`The department ${code} has no active users.`);

await client.call('EnrollLearnersInCourses', {
  body: { courseIds: [courseId], learnerIds, dueDateType: 'due_period', duePeriod: 720 },
});
console.log(`enrolled: ${learnerIds.length}`);
