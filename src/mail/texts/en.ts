import type { Texts } from './texts.ts';

export const en: Texts<'one' | 'other'> = {
  hello: 'Hello {name},',
  helloNobody: 'Hello,',
  subjects: {
    assigned: 'New for you: {title}',
    due_soon: 'Due soon: {title}',
    overdue: 'Overdue: {title}',
    escalation: 'Overdue for {learner}: {title}',
    session_chosen: 'You have a seat: {title}',
    session_changed: 'Session changed: {title}',
    session_cancelled: 'Session cancelled: {title}',
  },
  bodies: {
    assigned: '{title} has been assigned to you.',
    due_soon: '{title} is due soon, and you have not completed it yet.',
    overdue: '{title} was due, and you have not completed it yet.',
    escalation: '{learner} has not completed {title}, which was due.',
    session_chosen: 'You have a seat in {title}.',
    session_changed: 'The session {title} has changed. This is what holds now:',
    session_cancelled: 'The session {title} does not take place.',
  },
  digestSubject: { one: 'Your learning: {n} message', other: 'Your learning: {n} messages' },
  digestBody: 'This is what is new for you:',
  more: { one: '… and {n} more', other: '… and {n} more' },
  due: 'Due: {date}',
  noDue: 'There is no due date.',
  daysLeft: { one: '{n} day is left.', other: '{n} days are left.' },
  leftToday: 'It is due today.',
  daysLate: { one: 'It is {n} day late.', other: 'It is {n} days late.' },
  lateToday: 'It was due today.',
  when: 'When: {date}',
  where: 'Where: {place}',
  open: 'Open {account}',
  footer: 'You receive this message because you have an account at {account}.',
  zone: 'Times are in the time zone {zone}.',
  accountZone: 'The time zone of {account} is {zone}.',
  unsubscribe: 'Send me no more reminders',
  links: {
    subjects: {
      password_reset: 'Set your password for {account}',
      invitation: 'You have an account at {account}',
    },
    bodies: {
      password_reset:
        'Somebody, most likely you, asked for a new password for the login {login} at {account}.',
      invitation: 'You can now use {account}. Your login is {login}. Set a password, and you can sign in.',
    },
    action: 'Set your password',
    until: 'The link can be used once, until {date}.',
    unasked: 'If you did not ask for it, you need not do anything: your password stays as it is.',
  },
  page: {
    title: 'Reminders',
    question:
      'Do you want no more reminders from {account} by e-mail? You will still be told what is assigned to you.',
    stop: 'Send me no more reminders',
    stopped: 'You will get no more reminders from {account}.',
    resume: 'Send me reminders again',
    resumed: 'You will get reminders from {account} again.',
    unknown: 'This link is not known here. It may have been cut off when it was copied.',
  },
};
