/**
 * What the vendor's published description of the interface says of each operation that Rollbook means to serve: method
 * and path, statuses, and the names of members. A name with * is required. Where that description contradicts what real
 * clients send and read, `readings` names the reading we follow (readings.ts).
 */

export interface Fact {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly status: number;
  /** Beside the statuses that every operation lists. */
  readonly also: readonly number[];
  /** Of those that it lists, what Rollbook has no occasion to answer. */
  readonly never: readonly number[];
  readonly query: readonly string[];
  readonly body: readonly string[];
  readonly headers: readonly string[];
  /** Members of the answer, or of an entry of the list that it is. */
  readonly gives: readonly string[];
  readonly readings: readonly string[];
  /** Why it is not served. */
  readonly outOfScope: string | null;
}

const NOTHING = {
  also: [],
  never: [],
  query: [],
  body: [],
  headers: [],
  gives: [],
  readings: [],
  outOfScope: null,
};

function on(name: string, status: number, more: Partial<Fact> = {}): Fact {
  const [method, path = ''] = name.split(' ');
  return { ...NOTHING, method: method as Fact['method'], path, status, ...more };
}

const CONTENT_ITEM = [
  'contentItemId',
  'title',
  'subtitle',
  'description',
  'userId',
  'addedDate',
  'viewUrl',
  'type',
  'contentItemType',
  'courseFields',
];
const DEPARTMENT = ['departmentId', 'name', 'parentDepartmentId', 'code', 'subordination', 'coSubordination'];
const ENROLLMENT = [
  'enrollmentId',
  'courseId',
  'learnerId',
  'accessDate',
  'dueDate',
  'expirationDate',
  'shouldLockAfterDueDate',
  'certificate',
  'enrollmentTypeGroup',
];
const GROUP = ['groupId', 'name', 'isSmart'];
const SESSION = ['id', 'title', 'startTime', 'duration', 'instructor', 'dayIds'];
const PAGE = ['pageSize', 'pageToken'];
const USER = [
  'userId',
  'role',
  'roleId',
  'departmentId',
  'status',
  'fields',
  'addedDate',
  'lastLoginDate',
  'manageableDepartmentIds',
  'userRoles',
  'groups',
  'subordination',
  'coSubordination',
  'workLeaveStatus',
  'securityPolicyAcceptanceDate',
];

export const FACTS: Readonly<Record<string, readonly Fact[]>> = {
  Token: [
    on('POST /token', 200, {
      never: [403],
      body: ['client_id*', 'client_secret*', 'grant_type*'],
      gives: ['access_token', 'expires_in', 'token_type'],
      readings: ['16'],
    }),
  ],
  Enrollments: [
    on('GET /enrollment', 200, {
      query: ['courseIds', 'learnerIds', 'enrollmentIds'],
      gives: ENROLLMENT,
      readings: ['1', '2', '6', '17'],
    }),
    on('POST /enrollment', 201, {
      body: [
        'courseIds*',
        'learnerIds*',
        'dueDateType*',
        'dueDate',
        'duePeriod',
        'accessDate',
        'lockAfterDueDate',
      ],
      readings: ['6', '7', '17', '23'],
    }),
    on('GET /enrollments', 200, {
      query: [...PAGE, 'courseIds', 'learnerIds', 'enrollmentIds'],
      gives: ENROLLMENT,
      readings: ['6', '17'],
    }),
    on('POST /enrollments', 200, {
      body: [...PAGE, 'courseIds', 'learnerIds', 'enrollmentIds'],
      gives: ENROLLMENT,
      readings: ['6', '17'],
    }),
    on('GET /enrollment/{enrollmentId}', 200, { gives: ENROLLMENT, readings: ['6', '17'] }),
    on('POST /enrollment/{enrollmentId}', 200, {
      body: ['accessDate', 'dueDateType*', 'dueDate', 'duePeriod', 'lockAfterDueDate'],
      readings: ['6', '8', '9', '17'],
    }),
    on('POST /enrollment/{enrollmentId}/reenroll', 200, {
      body: ['accessDate', 'dueDateType*', 'dueDate', 'duePeriod', 'lockAfterDueDate'],
      readings: ['6', '8', '17'],
    }),
    on('POST /enrollment/delete', 204, { body: ['enrollmentIds*'], readings: ['10', '17'] }),
    on('GET /certificate/{issuedCertificateId}', 200, {
      also: [404],
      gives: ['url'],
      readings: ['12', '1.8'],
    }),
  ],
  Content: [
    on('GET /content', 200, {
      query: ['contentTypes'],
      headers: ['X-Target-Locale'],
      gives: CONTENT_ITEM,
      readings: ['4 viewType'],
    }),
    on('GET /contents', 200, {
      query: [...PAGE, 'contentItemIds', 'contentTypes'],
      headers: ['X-Target-Locale'],
      gives: CONTENT_ITEM,
      readings: ['4 viewType'],
    }),
    on('POST /contents', 200, {
      body: ['contentItemIds', 'contentTypes'],
      gives: CONTENT_ITEM,
      readings: ['4 viewType'],
    }),
    on('GET /content/{contentId}', 200, {
      headers: ['X-Target-Locale'],
      gives: CONTENT_ITEM,
      readings: ['4 viewType'],
    }),
    on('GET /content/{contentId}/final_statuses', 200, {
      also: [404],
      gives: ['userId', 'status', 'progress', 'completionDate', 'lastViewDate'],
      readings: ['13', '1.8'],
    }),
    on('GET /courses/modules', 200, {
      query: [...PAGE, 'courseIds'],
      gives: [
        'moduleId',
        'contentItemId',
        'courseId',
        'title',
        'description',
        'authorId',
        'addedDate',
        'viewUrl',
      ],
      readings: ['22', '1.6'],
    }),
    on('GET /course/{courseId}/modules', 200, {
      also: [404],
      gives: [
        'moduleId',
        'itemId',
        'courseId',
        'title',
        'description',
        'authorId',
        'viewUrl',
        'addedDate',
        'type',
        'trainingType',
        'sequentialNumber',
      ],
      readings: ['11'],
    }),
    on('GET /learning_track/courses', 200, {
      query: ['learningTrackIds*'],
      gives: ['learningTrackId', 'courseId'],
    }),
    on('GET /courses_tree', 200, {
      query: ['contentItemIds'],
      headers: ['X-Target-Locale'],
      gives: [
        'contentItemId',
        'title',
        'type',
        'description',
        'addedDate',
        'viewUrl',
        'parentId',
        'isShared',
      ],
    }),
  ],
  Departments: [
    on('GET /department', 200, { query: ['code'], gives: DEPARTMENT, readings: ['1'] }),
    on('POST /department', 201, {
      body: ['name*', 'parentDepartmentId*', 'code'],
      headers: ['X-Return-Object', 'X-Name', 'X-Parent-Department-Id', 'X-Code'],
    }),
    on('GET /department/{departmentId}', 200, { gives: DEPARTMENT, readings: ['3'] }),
    on('POST /department/{departmentId}', 204, { body: ['name', 'parentDepartmentId', 'code'] }),
    on('DELETE /department/{departmentId}', 204),
    on('GET /departments', 200, { query: PAGE, gives: DEPARTMENT }),
    on('POST /department/{departmentId}/subordination', 204, { body: ['subordination', 'coSubordination'] }),
    on('POST /department/{departmentId}/user/move', 204, { also: [404], body: ['userIds*'] }),
    on('POST /department/{parentId}/department/move', 204, {
      also: [404],
      body: ['departmentIds*'],
      readings: ['5 departmentIds'],
    }),
  ],
  Groups: [
    on('GET /group', 200, { gives: GROUP }),
    on('POST /group', 201, { body: ['name*', 'userIds'], headers: ['X-Return-Object'] }),
    on('POST /group/smart', 201, { body: ['name*', 'rules*'], headers: ['X-Return-Object'] }),
    on('POST /group/smart/{groupId}', 200, { body: ['name', 'rules*'] }),
    on('GET /group/smart/{groupId}/rules', 200, { gives: ['groupId', 'rules'] }),
    on('GET /group/{groupId}', 200, { gives: ['usersCount', 'groupId', 'userIds', 'name', 'isSmart'] }),
    on('POST /group/{groupId}', 200, { body: ['name*'] }),
    on('DELETE /group/{groupId}', 204),
    on('POST /group/{groupId}/members', 200, { body: ['userIds*'] }),
    on('GET /groups', 200, { query: PAGE, gives: GROUP }),
  ],
  Users: [
    on('GET /user', 200, {
      query: ['departments', 'groups', 'logins', 'emails'],
      gives: [...USER, 'personalDataConsentAcceptanceDate'],
      readings: ['4'],
    }),
    on('POST /user', 201, {
      body: [
        'departmentId*',
        'fields*',
        'password',
        'role',
        'roleId',
        'manageableDepartmentIds',
        'groupIds',
        'roles',
        'sendLoginEmail',
        'invitationMessage',
        'sendLoginSMS',
        'invitationSMSMessage',
      ],
      headers: [
        'X-Return-Object',
        'X-Department-Id',
        'X-Fields',
        'X-Password',
        'X-Role',
        'X-Role-Id',
        'X-Manageable-Department-Ids',
        'X-Group-Ids',
        'X-Roles',
        'X-Send-Login-Email',
        'X-Invitation-Message',
        'X-Send-Login-SMS',
        'X-Invitation-SMS-Message',
      ],
      readings: ['4'],
    }),
    on('GET /user/{userId}', 200, {
      gives: [...USER, 'personalDataConsentAcceptanceDate'],
      readings: ['3', '4'],
    }),
    on('POST /user/{userId}', 200, {
      body: ['departmentId', 'role', 'roleId', 'roles', 'fields', 'groupIds', 'manageableDepartmentIds'],
      headers: [
        'X-Department-Id',
        'X-Role',
        'X-Role-Id',
        'X-Roles',
        'X-Fields',
        'X-Group-Ids',
        'X-Manageable-Department-Ids',
      ],
      readings: ['4', '15'],
    }),
    on('DELETE /user/{userId}', 204),
    on('POST /users/find_existing', 200, { body: ['userIds*'], headers: ['X-User-Ids'] }),
    on('GET /user/{userId}/v2', 200, {
      gives: [...USER, 'privacyPolicyConsentAcceptanceDate'],
      readings: ['3', '4'],
    }),
    on('GET /user/v2', 200, {
      query: ['departments', 'groups', 'logins', 'emails'],
      gives: [...USER, 'privacyPolicyConsentAcceptanceDate'],
      readings: ['4', '14'],
    }),
    on('GET /users', 200, {
      query: [...PAGE, 'departments', 'groups', 'logins', 'emails'],
      gives: [...USER, 'personalDataConsentAcceptanceDate'],
      readings: ['4'],
    }),
    on('GET /users/v2', 200, {
      query: [...PAGE, 'departments', 'groups', 'logins', 'emails', 'userIds'],
      gives: [...USER, 'privacyPolicyConsentAcceptanceDate'],
      readings: ['4', '14'],
    }),
    on('POST /users/v2', 200, {
      body: ['groups', 'departments', 'logins', 'emails', 'userIds'],
      gives: [...USER, 'privacyPolicyConsentAcceptanceDate'],
      readings: ['4', '14'],
    }),
    on('GET /user/profile/fields', 200, {
      gives: [
        'userFieldInfoId',
        'name',
        'label',
        'type',
        'isUnique',
        'isRequired',
        'orderPriority',
        'values',
      ],
    }),
    on('POST /user/{userId}/password', 200, { body: ['password*'], headers: ['X-Password'] }),
    on('POST /user/{userId}/status', 200, { body: ['status*'], headers: ['X-Status'] }),
    on('POST /user/{userId}/subordination', 204, { body: ['subordination', 'coSubordination'] }),
    on('POST /user/{userId}/scheduled_deactivation', 200, { body: ['date*'] }),
    on('DELETE /user/{userId}/scheduled_deactivation', 200),
    on('POST /user/{userId}/scheduled_termination', 200, { body: ['date*'] }),
    on('DELETE /user/{userId}/scheduled_termination', 200),
    on('POST /user/{userId}/groups/remove', 200, { body: ['groupIds*'], headers: ['X-Group-Ids'] }),
    on('GET /role', 200, { gives: ['roleId', 'type', 'title', 'description'] }),
    on('POST /users/activate', 200, { body: ['userIds*'], headers: ['X-User-Ids'] }),
    on('POST /users/deactivate', 200, { body: ['userIds*'], headers: ['X-User-Ids'] }),
    on('POST /users/terminate', 200, { body: ['userIds*'], headers: ['X-User-Ids'] }),
    on('POST /user/list', 200, {
      body: [
        'groups',
        'departments',
        'logins',
        'emails',
        'profileFields',
        'profileFieldsDateRange',
        'page',
        'pageSize',
      ],
      gives: [...USER, 'personalDataConsentAcceptanceDate'],
      readings: ['4'],
    }),
    on('POST /users/work-leave-status', 200, {
      body: ['workLeaveStatuses'],
      outOfScope: 'Rollbook keeps no leave from work; no client that we know calls it.',
    }),
    on('POST /users/work-leave-status/delete', 200, {
      body: ['userIds*'],
      headers: ['X-User-Ids'],
      outOfScope: 'Rollbook keeps no leave from work; no client that we know calls it.',
    }),
  ],
  Trainings: [
    on('GET /training/{trainingId}', 200, {
      gives: ['title', 'organizer', 'sessions', 'type'],
      readings: ['3'],
    }),
    on('GET /training/session/{trainingSessionId}', 200, {
      also: [404],
      gives: SESSION,
      readings: ['3', '1.8'],
    }),
    on('GET /training/{trainingId}/sessions', 200, { also: [404], gives: SESSION, readings: ['1.8'] }),
    on('GET /training/day/{dayId}', 200, {
      also: [404],
      gives: ['dayId', 'sessionId', 'trainingId', 'startTime', 'duration', 'location', 'url'],
      readings: ['3', '1.8'],
    }),
    on('POST /training/day/{dayId}', 200, { also: [404], body: ['url*'], readings: ['1.8'] }),
    on('GET /training/session/participants/{sessionId}', 200, {
      also: [404],
      query: PAGE,
      gives: ['participants'],
      readings: ['8 participants', '1.8'],
    }),
    on('POST /training/day/{dayId}/participants/attendance/update', 200, {
      also: [404],
      body: ['participantsAttendance*'],
      readings: ['1.8'],
    }),
  ],
  Results: [
    on('GET /learners/results', 200, {
      readings: ['9 unrecorded'],
      query: [
        ...PAGE,
        'userIds',
        'courseIds',
        'departmentIds',
        'enrollmentIds',
        'completionStatuses',
        'completionDate',
        'accessDate',
        'dueDate',
        'userStatuses',
      ],
      gives: [
        'userId',
        'courseId',
        'courseTitle',
        'enrollmentId',
        'accessDate',
        'dueDate',
        'expirationDate',
        'completionDate',
        'duration',
        'timeSpent',
        'completionStatus',
        'awardedScore',
        'passingScore',
        'progress',
        'isOverdue',
        'viewsCount',
      ],
    }),
    on('GET /learners/modules/results', 200, {
      readings: ['9 unrecorded'],
      query: [
        ...PAGE,
        'userIds',
        'courseIds',
        'moduleIds',
        'courseItemIds',
        'enrollmentIds',
        'departmentIds',
        'completionStatuses',
        'completionDate',
        'accessDate',
        'dueDate',
        'userStatuses',
      ],
      gives: [
        'userId',
        'courseId',
        'moduleId',
        'moduleTitle',
        'courseItemId',
        'enrollmentId',
        'accessDate',
        'dueDate',
        'expirationDate',
        'completionDate',
        'timeSpent',
        'completionStatus',
        'awardedScore',
        'passingScore',
        'progress',
        'isOverdue',
        'viewsCount',
      ],
    }),
  ],
  Webhooks: [
    on('POST /webhook/register', 200, {
      body: ['subscriberName*', 'callbackUrl*', 'secret'],
      readings: ['19', '20'],
    }),
    on('POST /webhook/disable', 200, { also: [404], body: ['subscriberName*'], readings: ['19'] }),
    on('POST /webhook/settings/change', 200, {
      also: [404],
      body: ['subscriberName*', 'callbackUrl*', 'secret'],
      readings: ['19', '20'],
    }),
    on('POST /webhook/remove', 200, { also: [404], body: ['subscriberName*'], readings: ['19'] }),
    on('POST /webhook/subscribe', 200, {
      also: [404],
      body: ['subscriberName*', 'subscription*'],
      readings: ['19', '21', '10 events'],
    }),
    on('POST /webhook/unsubscribe', 200, {
      also: [404],
      body: ['subscriberName*', 'subscriptionType*'],
      readings: ['19'],
    }),
    on('GET /webhook/subscription/list', 200, {
      also: [404],
      query: ['subscriberName*'],
      gives: ['subscriptionType', 'params'],
      readings: ['19', '21'],
    }),
    on('POST /webhook/enable', 200, { also: [404], body: ['subscriberName*'], readings: ['19'] }),
    on('POST /webhook/code/send', 200, { also: [404], body: ['subscriberName*'], readings: ['19'] }),
    on('POST /webhook/confirm', 200, { also: [404], body: ['subscriberName*', 'code*'], readings: ['19'] }),
    on('GET /webhook/subscriber/info', 200, {
      also: [404],
      query: ['subscriberName*'],
      gives: ['subscriberStatus', 'confirmationStatus', 'notificationProcessStatus'],
      readings: ['19'],
    }),
  ],
};
