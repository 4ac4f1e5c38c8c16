/** What can be said to somebody in a mail: which ids and instants each kind has. Pure. */

export type Notice =
  /** An item was assigned. */
  | { readonly kind: 'assigned'; readonly itemId: string; readonly dueAt: Date | null }
  | { readonly kind: 'due_soon'; readonly itemId: string; readonly dueAt: Date }
  | { readonly kind: 'overdue'; readonly itemId: string; readonly dueAt: Date }
  /** To a supervisor, about a learner. */
  | { readonly kind: 'escalation'; readonly itemId: string; readonly dueAt: Date; readonly learnerId: string }
  /** To whoever may give more time: a learner asks for what is locked. What they wrote is read when the message is sent. */
  | {
      readonly kind: 'unlock_asked';
      readonly requestId: string;
      readonly itemId: string;
      readonly learnerId: string;
      readonly dueAt: Date;
    }
  /** A seat was taken; when and where is read when the message is sent. */
  | { readonly kind: 'session_chosen'; readonly trainingId: string; readonly sessionId: string }
  | { readonly kind: 'session_changed'; readonly trainingId: string; readonly sessionId: string }
  /** A session may be gone by then, so that what it was called and when it began is told along. */
  | {
      readonly kind: 'session_cancelled';
      readonly trainingId: string;
      readonly sessionTitle: string;
      readonly startsAt: Date | null;
    };

export type NoticeKind = Notice['kind'];

/** Several of them in one message. */
export interface Digest {
  readonly kind: 'digest';
  readonly entries: readonly Notice[];
}

/** A link with which somebody sets their password. It is made when it is sent, and stands in no row. */
export type LinkMessage =
  /** Somebody asked for it, most likely the person. */
  | { readonly kind: 'password_reset' }
  /** With what whoever invites has to say, until it is sent. */
  | { readonly kind: 'invitation'; readonly message: string | null };

export type Content = Notice | Digest | LinkMessage;
export const KINDS = [
  'assigned',
  'due_soon',
  'overdue',
  'escalation',
  'unlock_asked',
  'session_chosen',
  'session_changed',
  'session_cancelled',
  'digest',
  'password_reset',
  'invitation',
] as const satisfies readonly Content['kind'][];
export type Kind = (typeof KINDS)[number];

/** As it is stored, without its kind, which has a column of its own. */
export function writeContent(content: Content): string {
  const { kind: _, ...data } = content;
  return JSON.stringify(data);
}

const INSTANTS = ['dueAt', 'startsAt'];
type Data = Readonly<Record<string, unknown>>;

const readNotice = (kind: string, data: Data): Notice =>
  Object.fromEntries([
    ['kind', kind],
    ...Object.entries(data).map(([name, value]) => [
      name,
      INSTANTS.includes(name) && typeof value === 'string' ? new Date(value) : value,
    ]),
  ]) as Notice;

/** What was stored. */
export function readContent(kind: string, data: Data): Content {
  if (kind === 'password_reset') return { kind };
  if (kind === 'invitation') return { kind, message: String(data['message'] ?? '') || null };
  if (kind !== 'digest') return readNotice(kind, data);
  const entries = data['entries'] as readonly (Data & { kind: string })[];
  return { kind, entries: entries.map((entry) => readNotice(entry.kind, entry)) };
}
