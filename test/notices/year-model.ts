/**
 * What people are to be told over a year, worked out in the plainest way: after each moment every enrollment is looked at
 * for whatever lies between that moment and the one before. Knows nothing of versions, chunks or schedules.
 */

export interface ModelReminder {
  readonly kind: 'due_soon' | 'overdue';
  readonly amount: number;
  readonly unit: 'hours' | 'days';
  readonly to: 'learner' | 'supervisor' | 'both';
}

export interface ModelEnrollment {
  readonly learner: string;
  readonly item: string;
  accessAt: number;
  dueAt: number | null;
  /** Since when it has these dates */
  since: number;
  isThere: boolean;
  isAnnounced: boolean;
  isDone: boolean;
}

const HOUR = 3_600_000;
/** No reminder is farther from a due date. */
const FARTHEST = 40 * 24 * HOUR;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a time zone show, as text. */
function shown(at: number, zone: string): string {
  const format =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  clocks.set(zone, format);
  return format.format(at);
}

/** The instant at which clocks show the time of day of another, on a day so many days away: found by trying. */
export function daysAway(at: number, days: number, zone: string): number {
  const [date = '', time = ''] = shown(at, zone).split(' ');
  const wanted = new Date(Date.parse(`${date}T00:00:00Z`) + days * 24 * HOUR).toISOString().slice(0, 10);
  const rough = at + days * 24 * HOUR;
  for (let minutes = -180; minutes <= 180; minutes += 15)
    if (shown(rough + minutes * 60_000, zone) === `${wanted} ${time}`) return rough + minutes * 60_000;
  // Left out by the clocks: they are put forward by an hour.
  for (let minutes = -180; minutes <= 180; minutes += 15) {
    const later = shown(rough + minutes * 60_000, zone);
    const hour = String(Number(time.slice(0, 2)) + 1).padStart(2, '0');
    if (later === `${wanted} ${hour}${time.slice(2)}`) return rough + minutes * 60_000;
  }
  throw new Error(`no ${time} on ${wanted} in ${zone}`);
}

export class YearModel {
  readonly enrollments: ModelEnrollment[] = [];
  readonly told: string[] = [];
  readonly inactive = new Set<string>();
  reminders: readonly ModelReminder[] = [];
  isEnabled = true;
  readonly #zone: string;
  readonly #supervisorsOf: (learner: string) => readonly string[];
  readonly #instants = new Map<string, number>();
  #now: number;

  constructor(now: number, zone: string, supervisorsOf: (learner: string) => readonly string[]) {
    this.#now = now;
    this.#zone = zone;
    this.#supervisorsOf = supervisorsOf;
  }

  /** Everything up to and with an instant; to be called before what happens then, and again after it. */
  passUntil(until: number): void {
    for (const enrollment of this.enrollments) if (enrollment.isThere) this.#look(enrollment, until);
    this.#now = until;
  }

  find(learner: string, item: string): ModelEnrollment | undefined {
    return this.enrollments.find((one) => one.isThere && one.learner === learner && one.item === item);
  }

  #look(enrollment: ModelEnrollment, until: number): void {
    const { learner, item, accessAt, dueAt, since, isDone } = enrollment;
    const maySay = this.isEnabled && !this.inactive.has(learner);
    if (!enrollment.isAnnounced && accessAt <= until) {
      enrollment.isAnnounced = true;
      if (maySay) this.told.push(`assigned ${learner} ${item}`);
    }
    if (dueAt === null || !maySay || isDone) return;
    if (until < dueAt - FARTHEST || this.#now > dueAt + FARTHEST) return;
    const said = new Set<string>();
    for (const { kind, amount, unit, to } of this.reminders) {
      const at = this.#instantOf(dueAt, kind === 'due_soon' ? -amount : amount, unit);
      if (at <= this.#now || at > until || at < since || at <= accessAt) continue;
      if (to !== 'supervisor') said.add(`${at} ${kind} ${learner} ${item}`);
      if (to !== 'learner')
        for (const supervisor of this.#supervisorsOf(learner))
          said.add(`${at} escalation ${supervisor} ${item} ${learner}`);
    }
    this.told.push(...[...said].map((text) => text.slice(text.indexOf(' ') + 1)));
  }

  #instantOf(dueAt: number, amount: number, unit: ModelReminder['unit']): number {
    const key = `${dueAt} ${amount} ${unit}`;
    const known = this.#instants.get(key);
    if (known !== undefined) return known;
    const at = unit === 'days' ? daysAway(dueAt, amount, this.#zone) : dueAt + amount * HOUR;
    this.#instants.set(key, at);
    return at;
  }
}
