/**
 * Everything that can be learned: materials, courses made of modules, learning tracks made of courses, each with its
 * own default due date. Retired content keeps its learners and takes no new ones.
 */
export { trainingsWithin } from './course-queries.ts';
export { addModule, setTrackCourses } from './courses.ts';
export { displayStatus } from './display.ts';
export { createItem } from './library.ts';
export { insertItems, isOffered, type NewItem, type OfferedItem, offeredAfter } from './queries.ts';
export { contentRoutes } from './routes.ts';
export { CONTENT_TYPES, type ContentType, isMaterial } from './rules.ts';
