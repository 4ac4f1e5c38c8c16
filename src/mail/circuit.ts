import { backoffMs } from './rules.ts';

/** What this process knows of the mail server: while it is away nothing is handed to it but one message from time to time. */
export class Circuit {
  #failures = 0;
  #until: Date | null = null;

  /** Until when nothing is to be sent; null when it may be. */
  pausedUntil(now: Date): Date | null {
    if (this.#until === null || this.#until <= now) return null;
    // A clock that was set back must not make the pause longer.
    return new Date(Math.min(this.#until.getTime(), now.getTime() + backoffMs(this.#failures)));
  }

  /** Whether the last that was heard of the server is that it works. */
  get isUp(): boolean {
    return this.#failures === 0;
  }

  works(): void {
    this.#failures = 0;
    this.#until = null;
  }

  fails(now: Date): void {
    this.#failures++;
    this.#until = new Date(now.getTime() + backoffMs(this.#failures));
  }
}
