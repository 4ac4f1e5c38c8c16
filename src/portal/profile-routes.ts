import type { PageAnswer } from '../http/page.ts';
import { Refusal } from '../kernel/errors.ts';
import { readNews } from '../learning/index.ts';
import { changeOwnPreferences, readOwnPreferences } from '../mail/index.ts';
import { findSelf } from '../people/index.ts';
import { calendarAnswer, showCalendar } from './calendar-routes.ts';
import { newsPage } from './news-pages.ts';
import { type ProfileForm, profilePage, TIME_ZONES } from './profile-pages.ts';
import { readerOf, redirect, shown, type Visit } from './visit.ts';

/** What people say of themselves: language and time zone, their calendar, what they want to be told. */

type Answer = (visit: Visit) => Promise<PageAnswer>;

export const PROFILE_ROUTES: readonly (readonly ['GET' | 'POST', string, Answer])[] = [
  ['GET', '/my/profile', (visit) => showProfile(visit)],
  ['POST', '/my/profile', saveProfile],
  ['GET', '/my/calendar', showCalendar],
  ['POST', '/my/calendar', (visit) => calendarAnswer(visit, 'make')],
  ['POST', '/my/calendar/remove', (visit) => calendarAnswer(visit, 'remove')],
  ['GET', '/my/notifications', showNews],
  ['POST', '/my/notifications/reminders', setReminders],
];

/** With what was typed where that could not be saved. */
async function showProfile(visit: Visit, typed: ProfileForm | null = null): Promise<PageAnswer> {
  const user = await visit.run((ctx) => findSelf(ctx));
  const { locale, timeZone } = await visit.run((ctx) => readOwnPreferences(ctx));
  const view = {
    user,
    chosen: locale,
    form: typed ?? { locale: locale ?? '', timeZone: timeZone ?? '', faults: {} },
    accountZone: visit.session.site.timeZone,
    isSaved: visit.request.query.has('saved'),
  };
  return shown(profilePage(readerOf(visit), view), typed ? 400 : 200);
}

async function saveProfile(visit: Visit): Promise<PageAnswer> {
  const { form } = visit.request;
  const locale = (form.get('locale') ?? '').trim();
  const timeZone = (form.get('timeZone') ?? '').trim();
  try {
    await visit.run((ctx) => changeOwnPreferences(ctx, { locale, timeZone: zoneOf(timeZone) }));
    return redirect('/my/profile?saved=1');
  } catch (error) {
    const field =
      error instanceof Refusal && error.code === 'request.invalid' ? error.details['field'] : null;
    if (field !== 'locale' && field !== 'timeZone') throw error;
    const fault = field === 'locale' ? 'profile.unknownLanguage' : 'profile.unknownZone';
    return showProfile(visit, { locale, timeZone, faults: { [field]: fault } });
  }
}

/** As it is spelled, whatever the case and the spaces in which it was typed. */
function zoneOf(typed: string): string {
  const plain = typed.replace(/\s+/g, '_').toLowerCase();
  return TIME_ZONES.find((zone) => zone.toLowerCase() === plain) ?? typed;
}

async function showNews(visit: Visit): Promise<PageAnswer> {
  const { language, request } = visit;
  const news = await visit.run((ctx) => readNews(ctx, language));
  const { wantsReminders } = await visit.run((ctx) => readOwnPreferences(ctx));
  const isSaved = request.query.has('saved');
  return shown(newsPage(readerOf(visit), { ...news, wantsReminders, isSaved }));
}

async function setReminders(visit: Visit): Promise<PageAnswer> {
  const wantsReminders = visit.request.form.get('wanted') === 'yes';
  await visit.run((ctx) => changeOwnPreferences(ctx, { wantsReminders }));
  return redirect('/my/notifications?saved=1');
}
