import { refuse } from '../kernel/errors.ts';

/** Ten wrong passwords for a login, or a hundred from an address, within the window; then 429. */
const MAX_PER_LOGIN = 10;
const MAX_PER_ADDRESS = 100;
const WINDOW_MS = 5 * 60_000;
const MAX_KEYS = 50_000;

interface Count {
  failures: number;
  until: number;
}

/** Counts failed sign-ins per login and per address, in this process's memory. */
export class FailureLimit {
  readonly #clock: () => Date;
  readonly #counts = new Map<string, Count>();

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  /** Refuses `request.too_many` when the login or the address failed too often. */
  check(login: string, address: string): void {
    const now = this.#clock().getTime();
    for (const [key, limit] of this.#keys(login, address)) {
      const count = this.#counts.get(key);
      if (count && count.until > now && count.failures >= limit)
        refuse('request.too_many', { seconds: Math.ceil((count.until - now) / 1000) });
    }
  }

  add(login: string, address: string): void {
    const now = this.#clock().getTime();
    if (this.#counts.size > MAX_KEYS) this.#counts.clear();
    for (const [key] of this.#keys(login, address)) {
      const count = this.#counts.get(key);
      if (count && count.until > now) count.failures++;
      else this.#counts.set(key, { failures: 1, until: now + WINDOW_MS });
    }
  }

  #keys(login: string, address: string): [string, number][] {
    return [
      [`login ${login} ${address}`, MAX_PER_LOGIN],
      [`address ${address}`, MAX_PER_ADDRESS],
    ];
  }
}
