import assert from 'node:assert/strict';
import { addCourse, addUser } from './people.ts';
import { type Answer, call, type World } from './server.ts';

/** Makes what tests of progress need, through the API, as the owner. */

export async function addModule(world: World, courseId: string, itemId: string): Promise<string> {
  const answer = await call(world, 'POST', `/course/${courseId}/modules`, { json: { itemId } });
  assert.equal(answer.status, 201, answer.text);
  return answer.json as string;
}

/** A course with this many materials as its modules. */
export async function addCourseOf(
  world: World,
  materials: number,
): Promise<{ courseId: string; moduleIds: string[]; itemIds: string[] }> {
  const courseId = await addCourse(world);
  const moduleIds: string[] = [];
  const itemIds: string[] = [];
  for (let no = 0; no < materials; no++) {
    itemIds.push(await addCourse(world, 'Page'));
    moduleIds.push(await addModule(world, courseId, itemIds.at(-1) ?? ''));
  }
  return { courseId, moduleIds, itemIds };
}

export async function addTrack(world: World, courseIds: readonly string[]): Promise<string> {
  const trackId = await addCourse(world, 'LearningTrack');
  const answer = await call(world, 'POST', `/learning_track/${trackId}/courses`, { json: { courseIds } });
  assert.equal(answer.status, 200, answer.text);
  return trackId;
}

/** Enrolls a learner; returns the enrollment's id. */
export async function enroll(
  world: World,
  learnerId: string,
  itemId: string,
  terms: Record<string, unknown> = { dueDateType: 'unlimited' },
): Promise<string> {
  const json = { courseIds: [itemId], learnerIds: [learnerId], ...terms };
  const answer = await call(world, 'POST', '/enrollment', { json });
  assert.equal(answer.status, 201, answer.text);
  const list = await call(world, 'GET', `/enrollment?learnerIds[]=${learnerId}&courseIds[]=${itemId}`);
  return (list.json as { enrollmentId: string }[])[0]?.enrollmentId ?? '';
}

/** A new learner, enrolled. */
export async function enrolled(
  world: World,
  itemId: string,
  terms?: Record<string, unknown>,
): Promise<{ learnerId: string; enrollmentId: string }> {
  const learnerId = await addUser(world);
  return { learnerId, enrollmentId: await enroll(world, learnerId, itemId, terms) };
}

/** Records progress and insists on 200. */
export async function record(
  world: World,
  enrollmentId: string,
  json: Record<string, unknown>,
): Promise<Answer> {
  const answer = await call(world, 'POST', `/enrollment/${enrollmentId}/progress`, { json });
  assert.equal(`${answer.status} ${answer.text}`, '200 ');
  return answer;
}
