/** How far a long command is, for whoever watches a terminal; nothing where nobody does. */

const WIDTH = 30;
const REDRAW_MS = 100;

export class ProgressBar {
  readonly #what: string;
  readonly #isShown: boolean;
  #drawnAt = 0;

  constructor(what: string, isWanted = true) {
    this.#what = what;
    this.#isShown = isWanted && process.stderr.isTTY === true;
  }

  /** `total` is left out where it is not known. */
  update(done: number, total?: number): void {
    if (!this.#isShown || (Date.now() - this.#drawnAt < REDRAW_MS && done !== total)) return;
    this.#drawnAt = Date.now();
    process.stderr.write(`\r\u001b[K${this.#what} ${bar(done, total)}`);
  }

  /** Leaves the line empty for what is printed next. */
  end(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K');
  }
}

function bar(done: number, total: number | undefined): string {
  const number = (n: number): string => n.toLocaleString('en');
  if (total === undefined) return number(done);
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(part * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${Math.floor(part * 100)} %  ${number(done)} of ${number(total)}`;
}
