import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FONTS, type Font, linesOf, piecesOf } from './certificate-text.ts';
import type { PrintedCertificate } from './certificates.ts';

/** A certificate as a PDF of one page. Fonts are embedded, cut down to the letters that occur. */

const PACKAGES: Record<Font, readonly [name: string, file: string]> = {
  latin: ['@embedpdf/fonts-latin', 'NotoSans-Regular.ttf'],
  arabic: ['@embedpdf/fonts-arabic', 'NotoNaskhArabic-Regular.ttf'],
  hebrew: ['@embedpdf/fonts-hebrew', 'NotoSansHebrew-Regular.ttf'],
  chinese: ['@embedpdf/fonts-sc', 'NotoSansHans-Regular.otf'],
  korean: ['@embedpdf/fonts-kr', 'NotoSansKR-Regular.otf'],
};

const loaded = new Map<Font, Buffer>();

/** A font's file, read when it is first needed. */
function fontFile(font: Font): Buffer {
  const before = loaded.get(font);
  if (before) return before;
  const [name, file] = PACKAGES[font];
  const bytes = readFileSync(fileURLToPath(new URL(`../fonts/${file}`, import.meta.resolve(name))));
  loaded.set(font, bytes);
  return bytes;
}

const MARGIN = 48;
const INK = '#1f2937';
const QUIET = '#4b5563';
const ACCENT = '#1d4ed8';
/** Named, so that a text is shaped as a whole: word by word, right-to-left words would stand in the wrong order. */
const SHAPING: PDFKit.Mixins.TextOptions = { features: ['kern'], lineBreak: false, baseline: 'alphabetic' };

interface Style {
  readonly size: number;
  /** Printed smaller, down to this, before it takes more lines than it may. */
  readonly minSize?: number;
  readonly maxLines?: number;
  readonly color?: string;
}

class Page {
  readonly doc: PDFKit.PDFDocument;
  #y = MARGIN + 72;

  constructor(doc: PDFKit.PDFDocument) {
    this.doc = doc;
    for (const font of FONTS) doc.registerFont(font, fontFile(font) as never);
    const { width, height } = doc.page;
    doc
      .rect(MARGIN / 2, MARGIN / 2, width - MARGIN, height - MARGIN)
      .lineWidth(2)
      .stroke(ACCENT);
  }

  get #width(): number {
    return this.doc.page.width - 4 * MARGIN;
  }

  #measure(text: string, size: number): number {
    return piecesOf(text).reduce(
      (sum, piece) => sum + this.doc.font(piece.font).fontSize(size).widthOfString(piece.text, SHAPING),
      0,
    );
  }

  /** Text in the middle of the page, below what was printed before. */
  print(text: string, { size, minSize = size, maxLines = 1, color = INK }: Style): this {
    const fit = (at: number): string[] => linesOf(text, this.#width, (line) => this.#measure(line, at));
    let chosen = size;
    let lines = fit(chosen);
    while (lines.length > maxLines && chosen > minSize) lines = fit(--chosen);
    for (const line of lines) this.#printLine(line, chosen, color);
    return this;
  }

  #printLine(line: string, size: number, color: string): void {
    this.#y += size * 1.4;
    let x = (this.doc.page.width - this.#measure(line, size)) / 2;
    for (const piece of piecesOf(line)) {
      this.doc.font(piece.font).fontSize(size).fillColor(color).text(piece.text, x, this.#y, SHAPING);
      x += this.doc.widthOfString(piece.text, SHAPING);
    }
  }

  space(height: number): this {
    this.#y += height;
    return this;
  }
}

/** The date in words, in UTC like every date of the contract. */
const inWords = (at: Date): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(at);

export async function printCertificate(certificate: PrintedCertificate): Promise<Buffer> {
  // Loaded when the first is printed: most processes print none, and it is large.
  const { default: PdfDocument } = await import('pdfkit');
  const doc = new PdfDocument({
    size: 'A4',
    layout: 'landscape',
    margin: 0,
    lang: 'en',
    displayTitle: true,
    info: {
      Title: `Certificate: ${certificate.title}`,
      Author: certificate.accountName,
      CreationDate: certificate.issuedAt,
    },
  });
  const parts: Buffer[] = [];
  doc.on('data', (part: Buffer) => parts.push(part));
  const written = new Promise<void>((done, fail) => {
    doc.on('end', done);
    doc.on('error', fail);
  });
  new Page(doc)
    .print(certificate.accountName, { size: 14, minSize: 9, color: QUIET })
    .space(16)
    .print('Certificate of completion', { size: 30, color: ACCENT })
    .space(20)
    .print(certificate.holderName, { size: 34, minSize: 16, maxLines: 2 })
    .space(4)
    .print('has completed', { size: 14, color: QUIET })
    .space(4)
    .print(certificate.title, { size: 24, minSize: 11, maxLines: 3 })
    .space(12)
    .print(inWords(certificate.issuedAt), { size: 14 })
    .space(20)
    .print('Anybody can verify this certificate at', { size: 9, color: QUIET })
    .print(certificate.verifyUrl, { size: 9, minSize: 6, maxLines: 2, color: QUIET });
  doc.end();
  await written;
  return Buffer.concat(parts);
}
