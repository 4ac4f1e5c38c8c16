import type { Notice } from '../mail/index.ts';

/** Something that is to be said to somebody, and when it was to be said. */
export interface Said {
  readonly userId: string;
  readonly notice: Notice;
  readonly at: Date;
}

/** As it is stored, without its kind, which has a column of its own. */
export function writeNotice({ kind: _, ...data }: Notice): string {
  return JSON.stringify(data);
}

const INSTANTS = ['dueAt', 'startsAt'];

export const readNotice = (kind: Notice['kind'], data: Readonly<Record<string, unknown>>): Notice =>
  Object.fromEntries([
    ['kind', kind],
    ...Object.entries(data).map(([name, value]) => [
      name,
      INSTANTS.includes(name) && typeof value === 'string' ? new Date(value) : value,
    ]),
  ]) as Notice;
