/**
 * The typed client, exported as `rollbook/client`: every operation of our OpenAPI document, in JSON, over fetch. It
 * imports nothing of the server, so that it can be used anywhere.
 */
export type * from './api.ts';
export { type CallOptions, Client, type ClientOptions, type Page, RollbookError } from './client.ts';
