import { boundaryOf, broken, END_OF_HEAD, readHead } from './multipart.ts';

/** Where the one file of a multipart form is read while it comes in; what is small enough for memory: multipart.ts. */

const LINE = Buffer.from('\r\n');

export class FormReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  /** Bytes that may still come beside the file. */
  #left: number;
  /** As if a line had ended before the first boundary. */
  #buffer: Buffer = LINE;

  constructor(chunks: AsyncIterable<Buffer>, contentType: string, besideBytes: number) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`, 'latin1');
    this.#left = besideBytes;
  }

  /** Reads as far as the file; its name. Refuses `request.malformed_form`, also when there is no file. */
  async toFile(): Promise<string | null> {
    await this.#until(this.#delimiter, 'its boundary does not occur');
    for (;;) {
      const head = await this.#nextHead();
      if (!head) return broken('it has no file');
      if (head.isFile) return head.fileName;
      await this.#until(this.#delimiter, 'it ends before its last boundary');
    }
  }

  /** The bytes of the file, then the end of the form. Refuses `request.malformed_form`. */
  async *content(): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(this.#delimiter);
      // What may be the beginning of the delimiter is kept back.
      const end = at < 0 ? this.#buffer.length - this.#delimiter.length + 1 : at;
      if (end > 0) {
        yield this.#buffer.subarray(0, end);
        this.#buffer = this.#buffer.subarray(end);
      }
      if (at >= 0) break;
      if (!(await this.#fill())) broken('it ends before its last boundary');
    }
    this.#buffer = this.#buffer.subarray(this.#delimiter.length);
    for (let head = await this.#nextHead(); head; head = await this.#nextHead()) {
      if (head.isFile) broken('it has more than one file');
      await this.#until(this.#delimiter, 'it ends before its last boundary');
    }
    for (let isMore = true; isMore; isMore = await this.#fill()) this.#drop(this.#buffer.length);
  }

  /** The head of the part that begins here; null after the last. */
  async #nextHead(): Promise<ReturnType<typeof readHead> | null> {
    while (this.#buffer.length < 2) if (!(await this.#fill())) broken('it ends before its last boundary');
    if (this.#buffer.subarray(0, 2).toString('latin1') === '--') return null;
    await this.#until(LINE, 'it ends before its last boundary');
    return readHead((await this.#until(END_OF_HEAD, 'the head of a part has no end')).toString('utf8'));
  }

  /** What stands before these bytes; goes on after them. */
  async #until(bytes: Buffer, fault: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(bytes);
      if (at >= 0) {
        const before = this.#buffer.subarray(0, at);
        this.#drop(at + bytes.length);
        return before;
      }
      if (this.#buffer.length > this.#left) this.#tooMuch();
      if (!(await this.#fill())) return broken(fault);
    }
  }

  #drop(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) this.#tooMuch();
    this.#buffer = this.#buffer.subarray(bytes);
  }

  #tooMuch(): never {
    return broken('it has too much beside its file');
  }

  async #fill(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#buffer = this.#buffer.length === 0 ? next.value : Buffer.concat([this.#buffer, next.value]);
    return true;
  }
}
