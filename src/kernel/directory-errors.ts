import { type ErrorEntry, entry } from './error-entry.ts';

/** The part of the table that concerns what is there: people, groups, content, trainings, webhooks. */
export const DIRECTORY_ERRORS = {
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
  'people.not_written_to': entry(
    409,
    'No invitation can be sent to {ids}: {detail}.',
    'The user has no e-mail address, is not active or was invited often, or the account sends no mail (docs/mail.md). Nothing was done.',
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
  'content.takes_no_file': entry(
    400,
    'A content item of type {type} has no file.',
    'Materials have one: pages, images, audio, video, PDF and Office documents, books.',
  ),
  'content.no_file': entry(404, 'The content item {ids} has no file.', 'POST /content/{id}/file stores one.'),
  'file.empty': entry(400, 'The file is empty.', 'What was there stays.'),
  'file.package': entry(
    400,
    'The package cannot be used: {detail}.',
    'A SCORM package is a zip with imsmanifest.xml at its root and one part that opens. What was there stays.',
  ),
  'file.wrong_type': entry(
    400,
    'By its first bytes the file is none that a {type} can have: {types}.',
    'What a file is called and what its sender says it is make no difference. What was there stays.',
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
  // Learners, in their portal
  'learning.unknown': entry(
    404,
    'There is nothing here that you are enrolled in.',
    'The enrollment is not one of the caller’s own, or it has ended. What belongs to somebody else is answered alike.',
  ),
  'learning.not_offered': entry(
    409,
    'This is not offered for enrolling yourself.',
    'An administrator opens content for it (selfEnrollment). Ask one to enroll you.',
  ),
  'learning.not_yours_to_say': entry(
    400,
    'This cannot be marked as completed by the learner.',
    'Trainings are completed by attendance, courses by their modules, tests by their result.',
  ),
  // Signing in elsewhere
  'openid.none': entry(404, 'The account has no OpenID provider.', 'POST /portal/openid sets one.'),
  // Calendars
  'calendar.none': entry(
    404,
    'The calendar of user {ids} has no address.',
    'POST /user/{id}/calendar makes one.',
  ),
  'calendar.unknown': entry(
    404,
    'This address leads to no calendar.',
    'It was never given, was taken away or replaced, or its user is not active.',
  ),
  'training.started': entry(
    409,
    'This session has begun.',
    'Nobody chooses or leaves a session that has begun. Choose another one, or ask an administrator.',
  ),
  'training.registration_closed': entry(
    409,
    'This session could be chosen until {at}.',
    'The training sets a deadline for registering. Choose a later session, or ask an administrator.',
  ),
  'training.cancellation_closed': entry(
    409,
    'This session could be left until {at}.',
    'The training sets a deadline for leaving. Ask an administrator.',
  ),
  'training.chosen_for_you': entry(
    409,
    'An administrator has chosen this session for you.',
    'Only an administrator can change it.',
  ),
  'training.attended': entry(
    409,
    'Attendance of this session is recorded already.',
    'Whoever has attended has nothing to leave.',
  ),
  'training.has_seat': entry(
    409,
    'You have a seat in a session of this training.',
    'Leave it first, or choose another session that has free seats.',
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
  'webhook.not_told': entry(
    409,
    'The subscriber {name} is told of nothing: it is {state}.',
    'Only a subscriber that is enabled and confirmed is told again what happened. Nothing was done.',
  ),
  'webhook.replay_running': entry(
    409,
    'The subscriber {name} is being told again what happened, and not to the end yet.',
    'One replay at a time. GET /webhook/deliveries shows how far it is. Nothing was done.',
  ),
  'webhook.unknown_delivery': entry(
    400,
    'deliveryIds: {ids} is no delivery to this subscriber.',
    'The log is kept for 30 days, and of each subscriber the last 10,000 messages. Nothing was done.',
  ),
  'webhook.replay_forgotten': entry(
    410,
    '{field}: what happened before {at} is no longer kept.',
    'Events are kept for 90 days, or as long as ROLLBOOK_EVENT_RETENTION_DAYS says. Nothing was done.',
  ),
  // Mail
  'mail.unknown_message': entry(
    404,
    'Message not found: {ids}.',
    'The id names no message of this account, or one that was forgotten after 90 days.',
  ),
  'mail.not_failed': entry(
    409,
    'Message {ids} did not fail: it is {state}.',
    'Only what failed is sent again; what waits is sent anyway.',
  ),
  'mail.in_digest': entry(
    409,
    'Message {ids} went with the digest {digest}.',
    'Send the digest again: everything that went with it goes once more.',
  ),
  'mail.too_old': entry(
    409,
    'Message {ids} was meant to be sent more than {hours} hours ago.',
    'What is older than the account or the operator allows is never sent.',
  ),
  'mail.unknown_link': entry(
    404,
    'This link is not known.',
    'The link that stops reminders was not made here, or was cut off when it was copied.',
  ),
} as const satisfies Record<string, ErrorEntry>;
