/**
 * Files that are uploaded: stored in the database in parts, judged by their first bytes, read piece by piece, removed
 * bit by bit. Whose they are, and who may see them, is decided by whoever keeps their ids.
 */
export type { Manifest } from './manifest.ts';
export { keepPackage } from './package.ts';
export { answerWithEntry, type Launch, packageSandbox } from './package-answer.ts';
export { findPackage } from './package-queries.ts';
export { PURGE_FILE, purgeFile } from './purge.ts';
export { findFile, type StoredFile } from './queries.ts';
export { type FileType, nameOf, type Showing, showingOf, typeOf, typesFor, UPLOAD_TYPES } from './rules.ts';
export { answerWith, type FileAnswer, type FileRequest, isShown } from './serve.ts';
export { discard, type Incoming, receive, release, take, type Upload } from './store.ts';
