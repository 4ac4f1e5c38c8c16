/** What every language has to say. A language that lacks a text, or a form of one, does not compile. */

/** The forms of a text that counts, by the language's own rules. */
export type Forms<Category extends Intl.LDMLPluralRule> = Readonly<Record<Category, string>>;

export interface Texts<Category extends Intl.LDMLPluralRule = Intl.LDMLPluralRule> {
  readonly hello: string;
  readonly helloNobody: string;
  /** Subjects; in a digest they are the lines. */
  readonly subjects: {
    readonly assigned: string;
    readonly due_soon: string;
    readonly overdue: string;
    readonly escalation: string;
    readonly unlock_asked: string;
    readonly session_chosen: string;
    readonly session_changed: string;
    readonly session_cancelled: string;
  };
  readonly bodies: {
    readonly assigned: string;
    readonly due_soon: string;
    readonly overdue: string;
    readonly escalation: string;
    readonly unlock_asked: string;
    readonly session_chosen: string;
    readonly session_changed: string;
    readonly session_cancelled: string;
  };
  readonly digestSubject: Forms<Category>;
  readonly digestBody: string;
  readonly more: Forms<Category>;
  readonly due: string;
  readonly noDue: string;
  readonly daysLeft: Forms<Category>;
  readonly leftToday: string;
  readonly daysLate: Forms<Category>;
  readonly lateToday: string;
  readonly when: string;
  readonly where: string;
  /** What a learner wrote. */
  readonly wrote: string;
  readonly open: string;
  readonly footer: string;
  readonly zone: string;
  readonly accountZone: string;
  readonly unsubscribe: string;
  /** Messages that bring a link to set a password. */
  readonly links: {
    readonly subjects: { readonly password_reset: string; readonly invitation: string };
    readonly bodies: { readonly password_reset: string; readonly invitation: string };
    readonly action: string;
    readonly until: string;
    readonly unasked: string;
  };
  readonly page: {
    readonly title: string;
    readonly question: string;
    readonly stop: string;
    readonly stopped: string;
    readonly resume: string;
    readonly resumed: string;
    readonly unknown: string;
  };
}
