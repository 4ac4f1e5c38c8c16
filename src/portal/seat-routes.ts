import type { PageAnswer } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import { choose, leave, noLongerWait, readOffer, type TrainingModule, wait } from '../learning/index.ts';
import type { Key } from '../pages/index.ts';
import { type SeatsView, seatsPage } from './seat-pages.ts';
import { idOf, readerOf, redirect, shown, type Visit } from './visit.ts';

/** Choosing a session: what was refused is said on the same page, with what is free now. */

export type SeatAction = 'choose' | 'leave' | 'wait' | 'stop-waiting';

/** What each action says when it is done, by the word in the address. */
const DONE: Readonly<Record<string, Key>> = {
  saved: 'seats.saved',
  left: 'seats.left',
  'on-list': 'seats.onList',
  'off-list': 'seats.offList',
};

const REFUSED: Readonly<Record<string, Key>> = {
  'training.session_full': 'seats.nowFull',
  'training.started': 'seats.started',
  'training.registration_closed': 'seats.registration_closed',
  'training.cancellation_closed': 'seats.cancellation_closed',
  'training.chosen_for_you': 'seats.chosen_for_you',
  'training.attended': 'seats.attended',
  'training.has_seat': 'seats.hasSeat',
  'training.unknown_session': 'seats.gone',
};

export function showSeats(visit: Visit): Promise<PageAnswer> {
  const done = DONE[visit.request.query.get('done') ?? ''];
  return answerWith(visit, done ? { key: done, isFault: false } : null);
}

export async function seatAnswer(visit: Visit, action: SeatAction): Promise<PageAnswer> {
  const module = moduleOf(visit);
  try {
    return redirect(`${pathOf(module)}?done=${await act(visit, module, action)}`);
  } catch (error) {
    const key = error instanceof Refusal ? REFUSED[error.code] : undefined;
    if (!(error instanceof Refusal) || !key) throw error;
    return answerWith(visit, { key, isFault: true }, error.status);
  }
}

async function act(visit: Visit, module: TrainingModule, action: SeatAction): Promise<string> {
  const sessionId = (): string => idOf(visit.request.form.get('sessionId') ?? '');
  switch (action) {
    case 'choose': {
      const id = sessionId();
      await visit.run((ctx) => choose(ctx, module, id));
      return 'saved';
    }
    case 'wait': {
      const id = sessionId();
      const isSeated = await visit.run((ctx) => wait(ctx, module, id));
      return isSeated ? 'saved' : 'on-list';
    }
    case 'leave':
      await visit.run((ctx) => leave(ctx, module));
      return 'left';
    case 'stop-waiting':
      await visit.run((ctx) => noLongerWait(ctx, module));
      return 'off-list';
  }
}

const moduleOf = ({ request: { params } }: Visit): TrainingModule => ({
  enrollmentId: idOf(params['enrollmentId']),
  moduleId: idOf(params['moduleId']),
});

const pathOf = ({ enrollmentId, moduleId }: TrainingModule): string =>
  `/my/learning/${enrollmentId}/training/${moduleId}`;

async function answerWith(visit: Visit, note: SeatsView['note'], status = 200): Promise<PageAnswer> {
  const module = moduleOf(visit);
  const offer = await visit.run((ctx) => readOffer(ctx, module));
  const item = `/my/learning/${module.enrollmentId}`;
  const backPath = offer.isInTrack ? `${item}/${offer.courseId}` : item;
  return shown(seatsPage(readerOf(visit), { offer, path: pathOf(module), backPath, note }), status);
}
