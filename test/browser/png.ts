import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** Pictures of pages have few colours: with a palette they take a third of the room. */

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MAX_COLOURS = 256;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly pixels: Buffer;
}

/** The same picture with a palette; colours that are too many are brought together with their neighbours. */
export function withPalette(png: Buffer): Buffer {
  const picture = decode(png);
  for (let bits = 8; ; bits--) {
    const places = paletteOf(picture, bits);
    if (places) return encode(picture, places, bits);
  }
}

function decode(png: Buffer): Picture {
  const parts: Buffer[] = [];
  let [width, height, channels] = [0, 0, 3];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      [width, height, channels] = [data.readUInt32BE(0), data.readUInt32BE(4), data[9] === 6 ? 4 : 3];
      if (data[8] !== 8 || (data[9] !== 2 && data[9] !== 6) || data[12] !== 0)
        throw new Error('a PNG of another kind');
    } else if (type === 'IDAT') parts.push(data);
    at += length + 12;
  }
  const lines = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const pixels = Buffer.alloc(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++)
    lines.copy(pixels, pixel * 3, pixel * channels, pixel * channels + 3);
  return { width, height, pixels };
}

function unfiltered(data: Buffer, stride: number, height: number, channels: number): Buffer {
  const lines = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < channels ? 0 : (lines[at - channels] ?? 0);
      const up = y === 0 ? 0 : (lines[at - stride] ?? 0);
      const upLeft = x < channels || y === 0 ? 0 : (lines[at - stride - channels] ?? 0);
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter] ?? 0;
      lines[at] = (data[y * (stride + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return lines;
}

function paeth(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft;
  const [toLeft, toUp, toUpLeft] = [left, up, upLeft].map((one) => Math.abs(guess - one)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}

/** Where each colour stands; null if they are too many at so many bits a channel. The first of a kind speaks for it. */
function paletteOf({ pixels }: Picture, bits: number): Map<number, { place: number; colour: number }> | null {
  const places = new Map<number, { place: number; colour: number }>();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = pixels.readUIntBE(at, 3);
    const kind = kindOf(colour, bits);
    if (places.has(kind)) continue;
    if (places.size === MAX_COLOURS) return null;
    places.set(kind, { place: places.size, colour });
  }
  return places;
}

const kindOf = (colour: number, bits: number): number => {
  const mask = (0xff << (8 - bits)) & 0xff;
  return colour & ((mask << 16) | (mask << 8) | mask);
};

function encode(
  { width, height, pixels }: Picture,
  places: ReadonlyMap<number, { place: number; colour: number }>,
  bits: number,
): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits, a palette.
  head.set([8, 3, 0, 0, 0], 8);
  const palette = Buffer.alloc(places.size * 3);
  for (const { place, colour } of places.values()) palette.writeUIntBE(colour, place * 3, 3);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const kind = kindOf(pixels.readUIntBE((y * width + x) * 3, 3), bits);
      lines[y * (width + 1) + 1 + x] = places.get(kind)?.place ?? 0;
    }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', palette),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(data.length + 12);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, data.length + 8)), data.length + 8);
  return whole;
}
