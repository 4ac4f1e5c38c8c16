/**
 * Every refusal Rollbook can give: code → status → message. One table, so that the documentation
 * (docs/errors.md is generated from it), the wire and the tests cannot drift apart.
 * `{name}` in a message is filled from the refusal's details.
 */
interface ErrorEntry {
  readonly status: number;
  readonly message: string;
  /** What it means and what the caller can do; printed in docs/errors.md. */
  readonly about: string;
}

const entry = (status: number, message: string, about: string): ErrorEntry => ({ status, message, about });

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
    'A body of type {type} cannot be read; send application/json, application/xml or a form.',
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
  // People and access
  'people.unknown_user': entry(404, 'User not found: {ids}.', 'The id names no user of this account.'),
  'people.unknown_department': entry(
    400,
    '{field}: unknown department {ids}.',
    'The id names no department of this account.',
  ),
  'people.department_not_found': entry(
    404,
    'Department not found: {ids}.',
    'The id in the path names no department of this account.',
  ),
  'people.unknown_role': entry(400, '{field}: unknown role {ids}.', 'See GET /role.'),
  'people.unknown_users': entry(
    400,
    '{field}: unknown users {ids}.',
    'The ids name no user of this account.',
  ),
  'people.login_taken': entry(
    409,
    'The login {login} is taken{existing}',
    'Logins are unique in an account, whatever their case.',
  ),
  'people.email_taken': entry(
    409,
    'The e-mail {email} is taken{existing}',
    'E-mail addresses are unique in an account, whatever their case.',
  ),
  'people.root_department': entry(
    409,
    'The root department cannot {detail}.',
    'Every account has one department above all others.',
  ),
  'people.department_not_empty': entry(
    409,
    'Department {ids} has {users} users and {departments} departments in it.',
    'Move or delete them first.',
  ),
  'people.department_cycle': entry(
    409,
    'Department {parent} lies in or below {ids}, and cannot become its parent.',
    'A department cannot be moved below itself.',
  ),
  'people.field_taken': entry(
    409,
    'name: the profile field {name} is defined already.',
    'Names of profile fields are unique in an account, whatever their case.',
  ),
  'people.department_code_taken': entry(
    409,
    'code: {code} is taken by another department.',
    'Department codes are unique in an account.',
  ),
  'people.last_owner': entry(
    409,
    'The last active owner of the account must stay.',
    'Make somebody else an owner first.',
  ),
  'people.account_url_taken': entry(
    409,
    'url: an account with the address {url} exists.',
    'Account addresses are unique in an installation.',
  ),
  // Groups
  'group.unknown_ids': entry(400, '{field}: unknown groups {ids}.', 'The ids name no group of this account.'),
  'group.unknown': entry(
    404,
    'Group not found: {ids}.',
    'The id in the path names no group of this account.',
  ),
  'group.scope': entry(
    403,
    'Permission denied: {detail}.',
    'Groups belong to the whole account. Who manages departments changes groups only as far as these reach.',
  ),
  'group.not_smart': entry(
    400,
    'Group {ids} is not smart: it has no rules.',
    'The members of a plain group are set by hand; see GET /group for which is which.',
  ),
  'group.cycle': entry(
    400,
    '{field}: the group {ids} depends on this group, so this group cannot depend on it.',
    'Smart groups may refer to other groups, but not in a circle.',
  ),
  'group.in_use': entry(
    409,
    'The rules of the smart groups {ids} refer to this group.',
    'Change those rules first.',
  ),
  'group.smart': entry(
    400,
    '{field}: {ids} is a smart group; its rules decide who belongs to it.',
    'Only the members of plain groups are set by hand. Change the rules instead.',
  ),
  'access.unknown_client': entry(
    404,
    'API client not found: {ids}.',
    'The id names no API client of this account.',
  ),
  'access.busy': entry(
    503,
    'Too many passwords are being verified; try again in {seconds} seconds.',
    'Password verification is expensive and bounded. Use tokens.',
  ),
  // Content and trainings
  'content.unknown': entry(
    404,
    'Unknown content item {ids}.',
    'The id names no content item of this account.',
  ),
  'content.unknown_ids': entry(
    400,
    'Unknown content item: {field} {ids}.',
    'The ids name no content item of this account.',
  ),
  'content.unknown_modules': entry(
    400,
    '{field}: unknown modules {ids}.',
    'The ids name no module of a course of this account.',
  ),
  'content.wrong_type': entry(
    400,
    '{field}: {ids} cannot stand here: {detail}.',
    'The content item has a type that cannot be used here, or is retired.',
  ),
  'content.unknown_module': entry(404, 'Unknown module {ids}.', 'The course has no such module.'),
  'content.unknown_folder': entry(
    400,
    '{field}: unknown folder {ids}.',
    'The id names no folder of this account.',
  ),
  'content.folder_not_found': entry(
    404,
    'Unknown folder {ids}.',
    'The id in the path names no folder of this account.',
  ),
  'content.folder_in_use': entry(
    409,
    'The folder {ids} is not empty.',
    'Move what is in it elsewhere first; retired items count.',
  ),
  'content.in_use': entry(
    409,
    'The content item {ids} is part of a course or a learning track.',
    'Take it out of the course or track first.',
  ),
  'content.code_taken': entry(
    409,
    'code: {code} is taken by another content item.',
    'Codes are unique in an account.',
  ),
  'training.unknown': entry(404, 'Training not found', 'The id names no training of this account.'),
  'training.unknown_session': entry(
    404,
    'Training session not found',
    'The id names no training session of this account.',
  ),
  'training.unknown_day': entry(404, 'Day not found', 'The id names no training day of this account.'),
  'training.inactive_users': entry(
    400,
    '{field}: {ids} are inactive and cannot have a seat.',
    'Activate the user first.',
  ),
  'training.no_seat': entry(
    400,
    '{field}: {ids} have no seat in the session of this day.',
    'Attendance is recorded of participants. Add them to the session first.',
  ),
  'training.session_full': entry(
    409,
    'The training session has {seats} seats, and fewer are free than these users need.',
    'Nobody was seated. Choose another session, or free seats.',
  ),
  'training.other_session': entry(
    409,
    '{field}: {ids} have a seat in another session of this training.',
    'A user takes part in one session of a training. Remove them from the other one first.',
  ),
  // Webhooks
  'webhook.unknown_subscriber': entry(
    404,
    'Subscriber not found',
    'The name is that of no subscriber of this account.',
  ),
  'webhook.unknown_subscription': entry(
    404,
    'Subscription not found',
    'The subscriber has not subscribed to this type.',
  ),
  'webhook.name_taken': entry(
    400,
    'subscriberName: {name} is taken by another subscriber.',
    'Names of subscribers are unique in an account.',
  ),
  'webhook.wrong_code': entry(
    400,
    "code: is not the one that was sent last to the subscriber's address.",
    'Sending a new code, and changing the address, make earlier codes void.',
  ),
  // Operations and the server itself
  'operation.unknown': entry(
    404,
    'Operation not found: {ids}.',
    'The id names no operation that you may see.',
  ),
  // Retries
  'retry.other_request': entry(
    422,
    'Idempotency-Key: was used for another request.',
    'A key stands for one method, path, parameters, body and Prefer for 48 hours. Take a new key for a new request. Nothing was done.',
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

/** A refusal that reaches the caller: thrown by use cases and codecs, rendered by the pipeline alone. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: ErrorDetails;
  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(ERRORS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '')));
    this.name = 'Refusal';
    this.code = code;
    this.status = ERRORS[code].status;
    this.details = details;
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
