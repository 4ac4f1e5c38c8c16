import { DIRECTORY_ERRORS } from './directory-errors.ts';
import { type ErrorEntry, entry } from './error-entry.ts';

/**
 * Every refusal Rollbook can give: code → status → message. One table, so that the documentation
 * (docs/errors.md is generated from it), the wire and the tests cannot drift apart.
 * `{name}` in a message is filled from the refusal's details.
 */
export const ERRORS = {
  // How the request is written
  'request.malformed_json': entry(
    400,
    'The body is not well-formed JSON: {detail} (line {line}, column {column}).',
    'The JSON text cannot be read. Nothing was done.',
  ),
  'request.malformed_xml': entry(
    400,
    'The body is not well-formed XML: {detail} (line {line}, column {column}).',
    'The XML text cannot be read. Nothing was done.',
  ),
  'request.malformed_form': entry(
    400,
    'The form body cannot be read: {detail}.',
    'The url-encoded or multipart body is broken.',
  ),
  'request.doctype': entry(
    400,
    'The XML has a document type declaration, which is refused (line {line}, column {column}).',
    'Document types and entities are never processed. Send plain elements.',
  ),
  'request.too_deep': entry(
    400,
    'The body is nested deeper than {limit} levels.',
    'No request of this interface needs such depth.',
  ),
  'request.not_utf8': entry(400, 'The body is not valid UTF-8.', 'Bodies are read as UTF-8.'),
  'request.invalid': entry(
    400,
    '{field}: {detail}.',
    'A member or parameter has the wrong shape or value; the message names it.',
  ),
  'request.page_token': entry(
    400,
    'pageToken: {value} is not a token of this list.',
    'Send the nextPageToken of an earlier answer, or none for the first page.',
  ),
  'request.preference': entry(
    400,
    'The header Prefer is malformed: {detail}.',
    'Preferences are written as RFC 7240 says, as return=representation, handling=lenient. Unknown ones are ignored.',
  ),
  'request.unsupported_type': entry(
    415,
    'A body of type {type} cannot be read; send {readable}.',
    'The named Content-Type is not one of those this endpoint reads.',
  ),
  'request.unsupported_encoding': entry(
    415,
    'A body with Content-Encoding {encoding} cannot be read.',
    'Send the body without content coding.',
  ),
  'request.not_acceptable': entry(
    406,
    'None of the types in Accept ({accept}) can be produced; ask for application/json or application/xml.',
    'Answers are JSON or XML.',
  ),
  'request.too_large': entry(
    413,
    'The body is larger than {limit} bytes.',
    'Split the request, or raise ROLLBOOK_MAX_BODY_BYTES.',
  ),
  'request.file_too_large': entry(
    413,
    'The file is larger than {limit} bytes.',
    'Make it smaller, put it elsewhere and give its address as url, or raise ROLLBOOK_MAX_FILE_BYTES. What was there stays.',
  ),
  'request.too_many_pairs': entry(
    413,
    'The request names {pairs} pairs of learner and course; at most {limit} are taken at once.',
    'Split the request.',
  ),
  'request.no_such_endpoint': entry(
    404,
    'There is no {method} {path}.',
    'See /openapi.json for what there is.',
  ),
  'request.method_not_allowed': entry(
    405,
    '{method} is not possible on {path}.',
    'The Allow header names the methods that are.',
  ),
  'request.too_many': entry(
    429,
    'Too many failed attempts; try again in {seconds} seconds.',
    'Sign-in attempts are limited per login and address.',
  ),
  // Who is calling
  'token.grant': entry(
    400,
    'grant_type: must be client_credentials, got {value}.',
    'Only the client credentials grant is offered.',
  ),
  'token.bad_client': entry(
    401,
    'The client_id or client_secret is wrong.',
    'The API client does not exist, was removed, or its secret differs.',
  ),
  'auth.missing': entry(
    401,
    'An access token is required.',
    'Send Authorization: Bearer <token>, or the X-Auth-* headers.',
  ),
  'auth.bad_token': entry(
    401,
    'The access token is unknown or has expired.',
    'Request a new one from POST /api/v3/token.',
  ),
  'auth.bad_login': entry(
    401,
    'The account, login or password is wrong.',
    'The X-Auth-* headers name no active user with this password.',
  ),
  'auth.plan': entry(
    403,
    'Permission denied: the API is part of the Business subscription.',
    'The account has the starter plan.',
  ),
  'auth.role': entry(403, 'Permission denied.', "The caller's roles do not allow this call."),
  'auth.learner_scope': entry(
    403,
    'Permission denied: not every learner belongs to a department you manage ({ids}).',
    'Department administrators and custom roles reach only the departments they manage and those below.',
  ),
  'auth.user_scope': entry(
    403,
    'Permission denied: user {ids} does not belong to a department you manage.',
    'As above; an unknown user answers the same to a limited caller.',
  ),
  'auth.department_scope': entry(
    403,
    'Permission denied: department {ids} is not one you manage.',
    'As above, for departments.',
  ),
  'auth.enrollment_scope': entry(
    403,
    'Permission denied: enrollment {ids} is not of a learner you manage.',
    'As above, for enrollments.',
  ),
  'auth.unlock_scope': entry(
    403,
    'Permission denied: unlock request {ids} is not of a learner you manage.',
    'As above, for requests to unlock.',
  ),
  'auth.outranked': entry(
    403,
    'Permission denied: {detail}.',
    'Nobody may act on someone who outranks them, nor grant what they lack.',
  ),
  // Enrolling
  'enrollment.unknown_course': entry(
    400,
    'Unknown content item: courseIds {ids}.',
    'The ids name no course, learning track or material of this account.',
  ),
  'enrollment.training': entry(
    400,
    'Wrong parameters: courseIds {ids} name a training; learners choose a session of a training in their portal.',
    'Enroll in the course that contains the training instead.',
  ),
  'enrollment.retired_course': entry(
    400,
    'Wrong parameters: courseIds {ids} are retired and take no new enrollments.',
    'Retired content keeps its learners and takes no new ones.',
  ),
  'enrollment.unknown_learner': entry(
    400,
    'Wrong parameters: unknown learnerIds {ids}.',
    'The ids name no user of this account.',
  ),
  'enrollment.inactive_learner': entry(
    400,
    'Wrong parameters: learnerIds {ids} are inactive and cannot be enrolled.',
    'Activate the user first.',
  ),
  'enrollment.due_before_access': entry(
    400,
    'dueDate: {due} is earlier than the access date {access}.',
    'A due date must not precede the day the course opens.',
  ),
  'enrollment.date_range': entry(
    400,
    '{field}: the date lies after 9999-12-31.',
    'Also a period may not lead beyond that day.',
  ),
  'enrollment.unknown': entry(
    400,
    'Unknown Enrollment {ids}.',
    'The ids name no current enrollment of this account.',
  ),
  // Requests to unlock
  'unlock.not_locked': entry(
    409,
    'This is not locked.',
    'Its due date is another, or it has no lock any more: it can be opened.',
  ),
  'unlock.unknown': entry(
    404,
    'Unlock request not found: {ids}.',
    'GET /enrollment/unlock-requests names those that there are.',
  ),
  'unlock.answered': entry(
    409,
    'Unlock request {ids} is answered: the enrollment is not locked as it was.',
    'The enrollment has other dates by now, or has ended.',
  ),
  // Progress
  'progress.not_open': entry(
    400,
    'Wrong parameters: the enrollment opens {access}.',
    'Nothing is recorded before the access date.',
  ),
  'progress.locked': entry(
    400,
    'Wrong parameters: the enrollment is locked since {due}.',
    'With lockAfterDueDate nothing is recorded after the due date.',
  ),
  'progress.unknown_module': entry(
    400,
    'moduleId: {ids} is no module of what the learner is enrolled in.',
    'Name a module of the course; in a learning track a module of one of its courses, or such a course.',
  ),
  'certificate.unknown': entry(
    404,
    'Issued certificate not found',
    'The id names no certificate of a current enrollment of this account.',
  ),
  'certificate.link': entry(
    403,
    'Permission denied: the link to the certificate is broken or has expired.',
    'Links hold for ten minutes. Ask GET /certificate/{issuedCertificateId} for a new one.',
  ),
  'auth.certificate_scope': entry(
    403,
    'Permission denied: certificate {ids} is not of a learner you manage.',
    'An unknown certificate answers the same to a limited caller.',
  ),
  ...DIRECTORY_ERRORS,
  // Operations and the server itself
  'operation.unknown': entry(
    404,
    'Operation not found: {ids}.',
    'The id names no operation that you may see.',
  ),
  'operation.state': entry(
    409,
    'Operation {ids} is {state}.',
    'An operation that is done can be undone, one that is accepted or running can be cancelled, and what is undone or cancelled needs neither. An undo can be undone while what it undoes is undone by it. The message names what is in the way, and its state. Nothing was done, but that who waits for an operation which somebody else cancels is answered so, too.',
  ),
  'operation.too_old': entry(
    410,
    'Operation {ids} was completed on {at}, which is more than {days} days ago.',
    'An operation can be undone for 30 days. Nothing was done.',
  ),
  // The feed
  'feed.cursor': entry(
    400,
    '{field}: {value} {detail}.',
    'Send the nextCursor of an earlier answer to the same account, now for what happens from now on, or nothing for the oldest event that is kept.',
  ),
  'feed.forgotten': entry(
    410,
    '{field}: what follows this cursor is no longer kept; the oldest cursor from which can be read is {cursor}.',
    'Events are kept for 90 days, or as long as ROLLBOOK_EVENT_RETENTION_DAYS says. Location reads what there is; what happened before is to be found in the lists.',
  ),
  // What is put off
  'job.unknown': entry(404, 'Job not found: {ids}.', 'The id names no job; what is done is not kept.'),
  'job.state': entry(
    409,
    'Job {ids} is {state}.',
    'Only a dead job can be tried again or removed. Nothing was done.',
  ),
  'job.replaced': entry(
    409,
    'Job {ids} was asked for again since it died, and that one waits.',
    'Two of the same would do it twice. Remove the dead one. Nothing was done.',
  ),
  // Tables in files
  'table.empty': entry(400, 'The file is empty.', 'A file has a header and rows. Nothing was imported.'),
  'table.no_rows': entry(
    400,
    'The file has a header and no rows.',
    'Empty rows do not count. Nothing was imported.',
  ),
  'table.not_text': entry(
    400,
    'The file is no text that can be read: {detail}.',
    'Send a CSV file, and name its encoding if it is a rare one. Nothing was imported.',
  ),
  'table.malformed': entry(
    400,
    'The file cannot be read: {detail} (line {line}).',
    'Cells with a delimiter, a quote or a line break in them are put in quotes. Nothing was imported.',
  ),
  'table.too_long': entry(413, 'The file has more than {limit} rows.', 'Split it. Nothing was imported.'),
  'import.header': entry(
    422,
    'The header is unclear: {detail}. The columns are {columns}. Say in the query what they mean, as {proposal}',
    'Nothing was imported. The proposal is made from the names of the columns: look at it before it is sent.',
  ),
  'import.second_header': entry(
    400,
    'Row {row} is a second header: are these two files in one?',
    'Import them one after another. Nothing was imported.',
  ),
  'import.refused_rows': entry(
    422,
    '{refused} rows cannot be imported; the first is row {row}: {detail}',
    'With allOrNothing one such row refuses the file. Nothing was imported.',
  ),
  'import.no_file': entry(404, 'The operation {ids} has no file.', 'It is no import, or older than 30 days.'),
  // Plans
  'plan.unknown': entry(
    400,
    'Enrollment-Plan: {token} is no plan of yours.',
    'The token is none that POST /enrollment/plan gave to this API client, or was forgotten two days after it expired.',
  ),
  'plan.expired': entry(
    410,
    'Enrollment-Plan: the plan expired {at}.',
    'Plans hold for an hour; earlier, if you make so many that the oldest must go. Make a new one. Nothing was done.',
  ),
  'plan.other_request': entry(
    422,
    'Enrollment-Plan: was made of another request.',
    'A plan is executed with the body and Prefer: handling that it was made of. Nothing was done.',
  ),
  'plan.used': entry(
    409,
    'Enrollment-Plan: the plan was executed.',
    'A plan is executed once. Location names the operation that it became.',
  ),
  'plan.stale': entry(
    412,
    'Enrollment-Plan: the plan no longer holds; {changes}.',
    'What the plan was made of has changed, and it would do something else. `changes` lists up to 100 learners, content items and pairs, as they were and are. Nothing was done; make a new plan.',
  ),
  // Retries
  'retry.other_request': entry(
    422,
    'Idempotency-Key: was used for another request.',
    'A key stands for one method, path, parameters, body, Prefer and Enrollment-Plan for 48 hours. Take a new key for a new request. Nothing was done.',
  ),
  'retry.running': entry(
    409,
    'Idempotency-Key: the request with this key is still running; ask again in {seconds} seconds.',
    'Send the same again after Retry-After: the answer will be the one that the running request gets. Location, if any, names its operation.',
  ),
  'retry.answer_lost': entry(
    409,
    'Idempotency-Key: the request with this key was carried out, but its answer was not kept.',
    'The server stopped between the two, or the answer was larger than 1 MB. Nothing is done again: read what became of it.',
  ),
  // Pages
  'portal.logo_kind': entry(
    400,
    'A logo is a PNG, JPEG or WebP: {detail}.',
    'Judged by the first bytes of the file, whatever its name or Content-Type says. The logo is as it was.',
  ),
  'portal.logo_too_large': entry(
    413,
    'The logo has {size} bytes; at most {limit} are taken.',
    'Every page shows it. Make it smaller: 200 pixels of height are plenty. The logo is as it was.',
  ),
  'portal.unknown_logo': entry(
    404,
    'There is no logo at this address.',
    'It was taken away, or another has taken its place, which has an address of its own.',
  ),
  'server.busy': entry(
    503,
    'The server has too much to do; try again in {seconds} seconds.',
    'Back-pressure: nothing was begun. Retry-After says when to come back.',
  ),
  'server.stopping': entry(
    503,
    'The server is stopping; try again in {seconds} seconds.',
    'Nothing was begun, unless Location names an accepted operation, which will be completed.',
  ),
  'server.unfinished': entry(
    503,
    'The operation is accepted but cannot be written at the moment; ask for it again in {seconds} seconds.',
    'The database refuses or does not answer. Location names the operation, which is completed as soon as it can be.',
  ),
  'server.bug': entry(
    500,
    'Something went wrong on our side (request {requestId}).',
    'The log has the details under this request id.',
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorDetails = Readonly<Record<string, string | number>>;

/** Something that is no longer what it was when the caller was told of it: a learner, a course, or the pair of both. */
export interface Change {
  readonly learnerId?: string;
  readonly courseId?: string;
  readonly was: string;
  readonly is: string;
}

/** A refusal that reaches the caller: thrown by use cases and codecs, rendered by the pipeline alone. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: ErrorDetails;
  readonly changes: readonly Change[] | undefined;
  constructor(code: ErrorCode, details: ErrorDetails = {}, changes?: readonly Change[]) {
    super(ERRORS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '')));
    this.name = 'Refusal';
    this.code = code;
    this.status = ERRORS[code].status;
    this.details = details;
    this.changes = changes;
  }
}

/** Throws a {@link Refusal}. */
export function refuse(code: ErrorCode, details: ErrorDetails = {}): never {
  throw new Refusal(code, details);
}

/** At most ten ids, then how many more: messages stay short however large the request is. */
export function listIds(ids: readonly string[]): string {
  const shown = ids.slice(0, 10).join(', ');
  return ids.length > 10 ? `${shown} and ${ids.length - 10} more` : shown;
}
