/** Every text of the pages, in English. The other languages have exactly the same keys; the compiler says so. */
export const en = {
  'app.skip': 'Skip to content',
  'app.menu': 'Main menu',
  'app.learning': 'My learning',
  'app.signOut': 'Sign out',
  'app.signedIn': 'Signed in as {name}',

  'signIn.title': 'Sign in',
  'signIn.login': 'Login',
  'signIn.password': 'Password',
  'signIn.submit': 'Sign in',
  'signIn.wrong': 'Login or password is wrong, or this login is not active.',
  'signIn.tooMany': {
    one: 'Too many attempts. Try again in {n} minute.',
    other: 'Too many attempts. Try again in {n} minutes.',
  },
  'signIn.busy': 'Many people are signing in just now. Please try again.',
  'signIn.required': 'This field is required.',
  'signIn.ended': 'You have signed out.',
  'signIn.stale': 'This page was open for long. Please try again.',

  'learning.title': 'My learning',
  'learning.none': 'You are not enrolled in anything.',
  'learning.overdue': 'Overdue',
  'learning.due_soon': 'Due soon',
  'learning.open': 'Open',
  'learning.upcoming': 'Upcoming',
  'learning.completed': 'Completed',
  'learning.due': 'Due {relative}',
  'learning.wasDue': 'Was due {relative}',
  'learning.noDue': 'No due date',
  'learning.opens': 'Opens {relative}',
  'learning.completedOn': 'Completed {relative}',
  'learning.locked': 'Locked since {date}',
  'learning.progress': '{percent} % done',
  'learning.accountTime': '{date} in the time of {account}',

  'item.notYet': 'This opens {date}. Nothing can be opened before.',
  'item.locked':
    'This is locked since {date}, as its due date has passed. Ask your administrator to give you more time.',
  'item.modules': 'Modules',
  'item.courses': 'Courses',
  'item.empty': 'There is nothing in here yet.',
  'item.open': 'Open',
  'item.openNamed': 'Open {title}',
  'item.done': 'I am done',
  'item.doneNamed': 'I am done with {title}',
  'item.noMaterial': 'There is no material to open here.',
  'item.training': 'Training with a session to choose',
  'item.certificate': 'Download the certificate',
  'item.back': 'Back to my learning',
  'item.saved': 'Your progress was saved.',

  'status.not_started': 'Not started',
  'status.in_progress': 'In progress',
  'status.pending': 'Being checked',
  'status.complete': 'Completed',
  'status.passed': 'Passed',
  'status.accepted': 'Accepted',
  'status.incomplete': 'Not completed',
  'status.failed': 'Failed',
  'status.declined': 'Declined',

  'kind.Course': 'Course',
  'kind.LearningTrack': 'Learning track',
  'kind.material': 'Material',

  'error.title': 'That did not work',
  'error.notFound': 'There is no such page',
  'error.notFoundText': 'The address is wrong, or what was here is not yours or has ended.',
  'error.noAccount': 'There is no account at this address.',
  'error.notAllowed': 'You may not do that.',
  'error.closed': 'It is not open for you at the moment. Nothing was changed.',
  'error.refused': 'Nothing was changed.',
  'error.server': 'Something went wrong on our side. Nothing was changed; please try again later.',
} as const;

/** A text, or one for each plural form of the language. */
export type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Key = keyof typeof en;
export type Words = Readonly<Record<Key, Text>>;
