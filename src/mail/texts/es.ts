import type { Texts } from './texts.ts';

export const es: Texts<'one' | 'many' | 'other'> = {
  hello: 'Hola, {name}:',
  helloNobody: 'Hola:',
  subjects: {
    assigned: 'Nuevo para usted: {title}',
    due_soon: 'Vence pronto: {title}',
    overdue: 'Vencido: {title}',
    escalation: 'Vencido para {learner}: {title}',
    session_chosen: 'Tiene una plaza: {title}',
    session_changed: 'Sesión modificada: {title}',
    session_cancelled: 'Sesión cancelada: {title}',
  },
  bodies: {
    assigned: 'Se le ha asignado {title}.',
    due_soon: 'El plazo de {title} vence pronto y todavía no lo ha completado.',
    overdue: 'El plazo de {title} ha vencido y todavía no lo ha completado.',
    escalation: '{learner} no ha completado {title}, cuyo plazo ha vencido.',
    session_chosen: 'Tiene una plaza en {title}.',
    session_changed: 'La sesión {title} ha cambiado. Ahora es así:',
    session_cancelled: 'La sesión {title} no se celebrará.',
  },
  digestSubject: {
    one: 'Su aprendizaje: {n} mensaje',
    many: 'Su aprendizaje: {n} mensajes',
    other: 'Su aprendizaje: {n} mensajes',
  },
  digestBody: 'Estas son las novedades para usted:',
  more: { one: '… y {n} más', many: '… y {n} más', other: '… y {n} más' },
  due: 'Vencimiento: {date}',
  noDue: 'No hay fecha de vencimiento.',
  daysLeft: { one: 'Queda {n} día.', many: 'Quedan {n} días.', other: 'Quedan {n} días.' },
  leftToday: 'Vence hoy.',
  daysLate: {
    one: 'Lleva {n} día de retraso.',
    many: 'Lleva {n} días de retraso.',
    other: 'Lleva {n} días de retraso.',
  },
  lateToday: 'Ha vencido hoy.',
  when: 'Cuándo: {date}',
  where: 'Dónde: {place}',
  open: 'Abrir {account}',
  footer: 'Recibe este mensaje porque tiene una cuenta en {account}.',
  zone: 'Las horas se indican en la zona horaria {zone}.',
  accountZone: 'La zona horaria de {account} es {zone}.',
  unsubscribe: 'No enviarme más recordatorios',
  links: {
    subjects: {
      password_reset: 'Su contraseña de {account}',
      invitation: 'Ya tiene acceso a {account}',
    },
    bodies: {
      password_reset:
        'Alguien, probablemente usted, ha pedido una nueva contraseña para el usuario {login} de {account}.',
      invitation: 'Ya puede usar {account}. Su usuario es {login}. Establezca una contraseña y podrá entrar.',
    },
    action: 'Establecer la contraseña',
    until: 'El enlace puede usarse una sola vez, hasta el {date}.',
    unasked: 'Si no ha sido usted, no tiene que hacer nada: su contraseña sigue siendo la misma.',
  },
  page: {
    title: 'Recordatorios',
    question:
      '¿No desea recibir más recordatorios de {account} por correo electrónico? Se le seguirá informando de lo que se le asigne.',
    stop: 'No enviarme más recordatorios',
    stopped: 'No recibirá más recordatorios de {account}.',
    resume: 'Volver a enviarme recordatorios',
    resumed: 'Volverá a recibir recordatorios de {account}.',
    unknown: 'Este enlace no se conoce aquí. Es posible que no se haya copiado entero.',
  },
};
