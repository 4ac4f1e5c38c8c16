import type { Texts } from './texts.ts';

export const de: Texts<'one' | 'other'> = {
  hello: 'Guten Tag {name},',
  helloNobody: 'Guten Tag,',
  subjects: {
    assigned: 'Neu für Sie: {title}',
    due_soon: 'Bald fällig: {title}',
    overdue: 'Überfällig: {title}',
    escalation: 'Überfällig bei {learner}: {title}',
    unlock_asked: '{learner} bittet um mehr Zeit: {title}',
    session_chosen: 'Sie haben einen Platz: {title}',
    session_changed: 'Termin geändert: {title}',
    session_cancelled: 'Termin abgesagt: {title}',
  },
  bodies: {
    assigned: '{title} wurde Ihnen zugewiesen.',
    due_soon: '{title} ist bald fällig, und Sie haben es noch nicht abgeschlossen.',
    overdue: '{title} war fällig, und Sie haben es noch nicht abgeschlossen.',
    escalation: '{learner} hat {title} nicht rechtzeitig abgeschlossen.',
    unlock_asked: '{title} ist für {learner} gesperrt. {learner} bittet Sie, es freizugeben.',
    session_chosen: 'Sie haben einen Platz in {title}.',
    session_changed: 'Der Termin {title} hat sich geändert. Jetzt gilt:',
    session_cancelled: 'Der Termin {title} findet nicht statt.',
  },
  digestSubject: { one: 'Ihr Lernen: {n} Nachricht', other: 'Ihr Lernen: {n} Nachrichten' },
  digestBody: 'Das ist neu für Sie:',
  more: { one: '… und {n} weitere', other: '… und {n} weitere' },
  due: 'Fällig: {date}',
  noDue: 'Es gibt keinen Fälligkeitstermin.',
  daysLeft: { one: 'Es bleibt {n} Tag.', other: 'Es bleiben {n} Tage.' },
  leftToday: 'Es ist heute fällig.',
  daysLate: { one: 'Es ist {n} Tag überfällig.', other: 'Es ist {n} Tage überfällig.' },
  lateToday: 'Es war heute fällig.',
  when: 'Wann: {date}',
  where: 'Wo: {place}',
  wrote: 'Nachricht: {message}',
  open: '{account} öffnen',
  footer: 'Sie erhalten diese Nachricht, weil Sie ein Konto bei {account} haben.',
  zone: 'Zeiten stehen in der Zeitzone {zone}.',
  accountZone: 'Die Zeitzone von {account} ist {zone}.',
  unsubscribe: 'Keine Erinnerungen mehr',
  links: {
    subjects: {
      password_reset: 'Ihr Passwort für {account}',
      invitation: 'Sie haben jetzt einen Zugang zu {account}',
    },
    bodies: {
      password_reset:
        'Jemand, vermutlich Sie, hat ein neues Passwort für den Benutzernamen {login} bei {account} angefordert.',
      invitation:
        'Sie können {account} jetzt nutzen. Ihr Benutzername ist {login}. Legen Sie ein Passwort fest, dann können Sie sich anmelden.',
    },
    action: 'Passwort festlegen',
    until: 'Der Link gilt einmal, bis {date}.',
    unasked: 'Wenn Sie das nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist.',
  },
  page: {
    title: 'Erinnerungen',
    question:
      'Möchten Sie von {account} keine Erinnerungen per E-Mail mehr bekommen? Was Ihnen zugewiesen wird, erfahren Sie weiterhin.',
    stop: 'Keine Erinnerungen mehr',
    stopped: 'Sie bekommen keine Erinnerungen von {account} mehr.',
    resume: 'Wieder Erinnerungen senden',
    resumed: 'Sie bekommen wieder Erinnerungen von {account}.',
    unknown: 'Dieser Link ist hier nicht bekannt. Vielleicht wurde er beim Kopieren abgeschnitten.',
  },
};
