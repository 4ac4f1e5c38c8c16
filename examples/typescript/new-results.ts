/**
 * Prints the results that were added since the last run, one JSON object a line. Tokens never expire, and what is new
 * always comes later: the file keeps the token of the last page and what was on it.
 *   new-results STATE_FILE
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Client } from 'rollbook/client';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('new-results STATE_FILE');

const client = new Client({
  url: process.env['ROLLBOOK_URL'] ?? 'http://127.0.0.1:8080',
  clientId: process.env['ROLLBOOK_CLIENT_ID'] ?? '',
  clientSecret: process.env['ROLLBOOK_CLIENT_SECRET'] ?? '',
});

interface State {
  readonly token?: string | undefined;
  readonly seen: readonly string[];
}
let state: State = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : { seen: [] };
let next = state.token;
for await (const page of client.pages('ListLearnerResults', {
  query: { pageSize: 100, pageToken: state.token },
})) {
  const keys = page.entries.map((result) => `${result.enrollmentId} ${result.courseId}`);
  page.entries.forEach((result, place) => {
    if (!state.seen.includes(keys[place] ?? '')) console.log(JSON.stringify(result));
  });
  state = { token: next, seen: keys };
  next = page.nextPageToken;
}
writeFileSync(file, JSON.stringify(state));
