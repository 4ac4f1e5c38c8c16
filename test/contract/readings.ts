/**
 * Where the sources on the interface contradict each other, and which reading Rollbook follows. Numbers are those of the
 * list of contradictions that the clients' code gave; others are named after what they are about.
 */

export interface Reading {
  readonly topic: string;
  readonly follows: string;
}

export const READINGS: Readonly<Record<string, Reading>> = {
  '1': {
    topic: 'JSON of the unpaged lists of enrollments and departments',
    follows: 'a bare array, as clients read it, not an object around one',
  },
  '2': {
    topic: 'XML of the unpaged list of enrollments',
    follows: 'entries directly below `response`, without `enrollments` around them',
  },
  '3': { topic: 'JSON of single objects', follows: 'the bare object, without a `response` member around it' },
  '4': {
    topic: 'profile fields of a user',
    follows: 'a list of name and value goes out; a list and a map are read',
  },
  '5': { topic: 'booleans in XML', follows: '1 and 0 go out; true, false, 1 and 0 are read' },
  '6': {
    topic: 'dates of enrollments',
    follows: 'date and time are read and kept; the date goes out',
  },
  '7': {
    topic: 'whether dueDateType must be given',
    follows: 'in JSON and XML yes; a form that leaves it out means `default`',
  },
  '8': { topic: 'accessDate on edit and re-enroll', follows: 'may be left out, and is then now' },
  '9': { topic: 'lockAfterDueDate on edit', follows: 'may be left out' },
  '10': { topic: 'name of the root element of a request', follows: 'any name is read' },
  '11': {
    topic: 'modules of one course',
    follows: 'materials and trainings with `itemId`, `type` and `sequentialNumber`',
  },
  '12': {
    topic: 'XML of a certificate',
    follows: '`response`, `issuedCertificate`, `url`, as the vendor’s sample has it',
  },
  '13': {
    topic: 'final statuses',
    follows: 'the XML root is `statuses`; progress may have decimals',
  },
  '14': {
    topic: 'XML element of a user in the second version of lists',
    follows: '`userProfileV2`, which clients look for',
  },
  '15': { topic: 'status after a user was edited', follows: '200' },
  '16': {
    topic: 'subscription that the interface needs',
    follows: 'a plan of the account: below Business everything but the token is 403',
  },
  '17': {
    topic: 'publishers and enrollments',
    follows: 'publishers may not enroll, as newer descriptions say',
  },
  '18': { topic: 'host names', follows: 'any host: links come from the account’s own address' },
  '19': {
    topic: 'how callers of the webhook endpoints authenticate',
    follows: 'by token and by the older headers, as everywhere',
  },
  '20': {
    topic: 'signature of webhooks',
    follows: 'SHA-256 over the body followed by the secret, no HMAC',
  },
  '21': {
    topic: 'event types of one subscriber',
    follows: 'one subscription per type, several types',
  },
  '22': { topic: 'courseIds of the modules of courses', follows: 'may be left out' },
  '23': {
    topic: 'what can be enrolled',
    follows: 'courses, learning tracks and materials; never trainings',
  },
  '1.6': { topic: 'a misspelt nextPageToken', follows: '`nextPageToken`, as on every other page' },
  '1.8': {
    topic: 'plain texts of 404',
    follows: 'the same words as the `message` of the usual error body',
  },
  '1.8 unknown': {
    topic: 'an unknown department, group, user or training in the path',
    follows:
      '404, which the vendor’s description lists for a few operations only; in a body or a filter it is 400, as for enrollments and content',
  },
  '1.8 conflict': {
    topic:
      'what contradicts the state of the account: a login that is taken, a department below itself, the last owner',
    follows: '409, which a client relies on and the vendor’s description defines but never uses',
  },
  '4 viewType': { topic: 'a required member `viewType` without a definition', follows: 'left out' },
  '5 departmentIds': { topic: 'a misspelt required member', follows: '`departmentIds`' },
  '8 participants': {
    topic: 'participants of a session',
    follows: 'a page with `participants`, not a bare array',
  },
  '9 unrecorded': {
    topic: '`timeSpent`, `duration` and `passingScore` of results',
    follows: 'left out, as the description allows, while nothing records them',
  },
  '10 events': {
    topic: 'types of events that are sent',
    follows:
      'LEARNERS_ENROLLED_IN_COURSE so far; subscriptions to the other types are kept, and nothing is sent for them yet',
  },
};

/** The reading by which an operation answers a status that the vendor's description does not list for it. */
export const BEYOND: Readonly<Record<number, string>> = { 404: '1.8 unknown', 409: '1.8 conflict' };

/** They hold for every operation. */
export const EVERYWHERE = ['5', '10', '16', '18'] as const;

/** Members that Rollbook does not write, all of them optional. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  workLeaveStatus: 'Rollbook keeps no leave from work.',
  securityPolicyAcceptanceDate: 'Rollbook does not ask for such an acceptance.',
  personalDataConsentAcceptanceDate: 'Rollbook does not ask for such an acceptance.',
  privacyPolicyConsentAcceptanceDate: 'Rollbook does not ask for such an acceptance.',
};

/** Parts of the vendor's interface that Rollbook does not serve at all. */
export const OUT_OF_SCOPE: Readonly<Record<string, string>> = {
  SOAP: 'The same operations are served over REST, which every known client uses.',
  Gamification: 'Points and badges are not enrollment.',
  'Assignments and quizzes': 'Grading happens in the material; its result arrives as progress.',
  'Job training and performance management': 'They do not touch enrollments.',
  Statistics: 'Results are read through /learners/results.',
};
