/** What a learner must take, and by when. Everything here is about the caller's own enrollments. */
export { type CataloguePage, enrollMyself, readCatalogue } from './catalogue.ts';
export { type MaterialPlace, type MyMaterial, readMaterial } from './material.ts';
export { listMine, type MyItem, type MyLearning, readMine } from './mine.ts';
export { type Entry, type News, readNews } from './news.ts';
export { type Attempt, keepAttempt, readAttempt } from './packages.ts';
export type { Module, TrackCourse } from './queries.ts';
export { URGENCIES, type Urgency } from './rules.ts';
export { choose, leave, type MyOffer, noLongerWait, readOffer, type TrainingModule, wait } from './seats.ts';
