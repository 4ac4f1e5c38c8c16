import type { Texts } from './texts.ts';

export const fr: Texts<'one' | 'many' | 'other'> = {
  hello: 'Bonjour {name},',
  helloNobody: 'Bonjour,',
  subjects: {
    assigned: 'Nouveau pour vous : {title}',
    due_soon: 'Bientôt à échéance : {title}',
    overdue: 'En retard : {title}',
    escalation: 'En retard pour {learner} : {title}',
    unlock_asked: '{learner} demande plus de temps : {title}',
    session_chosen: 'Vous avez une place : {title}',
    session_changed: 'Session modifiée : {title}',
    session_cancelled: 'Session annulée : {title}',
  },
  bodies: {
    assigned: '{title} vous a été attribué.',
    due_soon: '{title} arrive bientôt à échéance et vous ne l’avez pas encore terminé.',
    overdue: '{title} est arrivé à échéance et vous ne l’avez pas encore terminé.',
    escalation: '{learner} n’a pas terminé {title}, qui est arrivé à échéance.',
    unlock_asked: '{title} est verrouillé pour {learner}, qui vous demande de le déverrouiller.',
    session_chosen: 'Vous avez une place dans {title}.',
    session_changed: 'La session {title} a changé. Voici ce qui vaut maintenant :',
    session_cancelled: 'La session {title} n’aura pas lieu.',
  },
  digestSubject: {
    one: 'Votre formation : {n} message',
    many: 'Votre formation : {n} messages',
    other: 'Votre formation : {n} messages',
  },
  digestBody: 'Voici ce qu’il y a de nouveau pour vous :',
  more: { one: '… et {n} autre', many: '… et {n} autres', other: '… et {n} autres' },
  due: 'Échéance : {date}',
  noDue: 'Il n’y a pas d’échéance.',
  daysLeft: { one: 'Il reste {n} jour.', many: 'Il reste {n} jours.', other: 'Il reste {n} jours.' },
  leftToday: 'L’échéance est aujourd’hui.',
  daysLate: { one: 'Retard : {n} jour.', many: 'Retard : {n} jours.', other: 'Retard : {n} jours.' },
  lateToday: 'L’échéance était aujourd’hui.',
  when: 'Quand : {date}',
  where: 'Où : {place}',
  wrote: 'Message : {message}',
  open: 'Ouvrir {account}',
  footer: 'Vous recevez ce message parce que vous avez un compte chez {account}.',
  zone: 'Les heures sont indiquées dans le fuseau horaire {zone}.',
  accountZone: 'Le fuseau horaire de {account} est {zone}.',
  unsubscribe: 'Ne plus m’envoyer de rappels',
  links: {
    subjects: {
      password_reset: 'Votre mot de passe pour {account}',
      invitation: 'Vous avez maintenant accès à {account}',
    },
    bodies: {
      password_reset:
        'Quelqu’un, sans doute vous, a demandé un nouveau mot de passe pour l’identifiant {login} chez {account}.',
      invitation:
        'Vous pouvez maintenant utiliser {account}. Votre identifiant est {login}. Choisissez un mot de passe et vous pourrez vous connecter.',
    },
    action: 'Choisir votre mot de passe',
    until: 'Le lien peut servir une seule fois, jusqu’au {date}.',
    unasked: 'Si ce n’était pas vous, vous n’avez rien à faire : votre mot de passe reste le même.',
  },
  page: {
    title: 'Rappels',
    question:
      'Ne voulez-vous plus recevoir de rappels de {account} par e-mail ? Vous serez toujours informé de ce qui vous est attribué.',
    stop: 'Ne plus m’envoyer de rappels',
    stopped: 'Vous ne recevrez plus de rappels de {account}.',
    resume: 'M’envoyer de nouveau des rappels',
    resumed: 'Vous recevrez de nouveau des rappels de {account}.',
    unknown: 'Ce lien n’est pas connu ici. Il a peut-être été coupé en le copiant.',
  },
};
