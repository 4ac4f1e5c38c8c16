import type { Route } from '../../src/http/route.ts';
import { PREFIXES } from '../../src/http/server.ts';
import { type Random, randomFrom } from '../support/random.ts';
import { tableBytes } from './files.ts';
import type { Sending } from './raw-http.ts';
import type { Prey } from './target.ts';
import { idFor, nastyText, oneIn, pick, spoil, toJsonText, toPairs, toXmlText, valueFor } from './values.ts';

/** One thing to send, and what is to come back. */
export interface Case {
  /** What it was made from, for a report. */
  readonly about: string;
  readonly bytes: Buffer;
  readonly sending: Sending;
  readonly answers: number;
  readonly isHead: boolean;
}

/** A request before it is bytes. */
interface Draft {
  method: string;
  target: string;
  headers: [string, string][];
  body: Buffer;
  /** How the body's length is told. */
  framing: 'length' | 'chunked' | 'none' | 'too short' | 'too long' | 'both' | 'twice' | 'broken chunks';
}

type AnyRoute = Pick<
  Route<never>,
  'method' | 'path' | 'operationId' | 'params' | 'query' | 'body' | 'upload'
>;

const ACCEPTS = [
  'application/json',
  'application/xml',
  '*/*',
  'application/json, text/plain, */*',
  'text/html;q=0.9,application/xml;q=0.1',
  'application/json;q=nonsense',
  ',;=,,',
  'image/png',
];
const TYPES = [
  'application/json',
  'application/xml',
  'text/xml; charset=utf-16',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  `multipart/form-data; boundary=${'b'.repeat(100)}`,
  'application/problem+json',
  'text/plain',
  'application/octet-stream',
  ';;;',
  '',
];
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE'];
const OPERATOR_PATHS = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/docs',
  '/docs/json',
  '/openapi.json',
  '/favicon.ico',
  '/',
];

/** The case with this number; the same seed, number and prey give the same bytes. */
export function generate(seed: number, number: number, routes: readonly AnyRoute[], prey: Prey): Case {
  const random = randomFrom(Math.imul(seed, 2_654_435_761) + number);
  const route = pick(random, routes);
  const draft = draftFor(random, route, prey);
  const about = `${route.operationId}, seed ${seed}, case ${number}`;
  if (oneIn(random, 40)) return pipelined(random, routes, prey, about);
  if (oneIn(random, 2)) spoilDraft(random, draft);
  if (oneIn(random, 25)) {
    if (draft.method === 'HEAD') draft.method = 'GET';
    const bytes = garble(random, toBytes(random, draft));
    return { about, bytes, sending: 'then end', answers: 0, isHead: false };
  }
  const bytes = toBytes(random, draft);
  const isHead = draft.method === 'HEAD';
  const isFramed =
    ['length', 'chunked'].includes(draft.framing) || (draft.framing === 'none' && draft.body.length === 0);
  const sending: Sending = !isFramed
    ? 'then end'
    : oneIn(random, 40)
      ? 'torn'
      : oneIn(random, 40)
        ? 'slow'
        : 'whole';
  return { about, bytes, sending, answers: 1, isHead };
}

function draftFor(random: Random, route: AnyRoute, prey: Prey): Draft {
  const method = route.method === 'GET' && oneIn(random, 30) ? 'HEAD' : route.method;
  const path = pathFor(random, route, prey);
  const query = route.query ? toPairs(random, valueFor(random, route.query.shape, '', prey)) : [];
  const search = query.map(([name, value]) => `${encode(random, name)}=${encode(random, value)}`).join('&');
  const draft: Draft = {
    method,
    target: pick(random, PREFIXES) + path + (oneIn(random, 20) ? '/' : '') + (search ? `?${search}` : ''),
    headers: [['host', 'localhost'], ...credentials(random, prey)],
    body: Buffer.alloc(0),
    framing: 'none',
  };
  if (!oneIn(random, 5))
    draft.headers.push(['accept', pick(random, ACCEPTS.slice(0, oneIn(random, 10) ? 8 : 4))]);
  if (oneIn(random, 10)) draft.headers.push(['x-target-locale', pick(random, ['de-DE', 'xx', ''])]);
  if (oneIn(random, 10)) draft.headers.push(['x-return-object', 'true']);
  if (route.body) addBody(random, draft, route, prey);
  if (route.upload) addFile(random, draft, prey, route.upload);
  return draft;
}

const encode = (random: Random, text: string): string => {
  const wellFormed = Buffer.from(text).toString();
  return oneIn(random, 3)
    ? encodeURIComponent(wellFormed).replaceAll('%5B', '[').replaceAll('%5D', ']')
    : encodeURIComponent(wellFormed);
};

function pathFor(random: Random, route: AnyRoute, prey: Prey): string {
  if (oneIn(random, 300)) return pick(random, OPERATOR_PATHS);
  const shape = route.params?.shape;
  return route.path.replace(/\{(\w+)\}/g, (_whole, name: string, at: number) => {
    const own = shape?.kind === 'object' ? shape.members.get(name)?.shape : undefined;
    if (own?.kind === 'scalar' && own.values) return pick(random, own.values);
    // /user/{id} is about a user: what stands before says what the id is of.
    return idFor(random, name === 'id' ? route.path.slice(0, at) : name, prey);
  });
}

function credentials(random: Random, prey: Prey): [string, string][] {
  const n = random(100);
  if (n < 88) return [['authorization', `Bearer ${prey.tokens.owner}`]];
  if (n < 90) return [['authorization', prey.tokens.owner]];
  if (n < 96) return [['authorization', `Bearer ${pick(random, prey.tokens.others)}`]];
  if (n < 98) return [];
  if (n < 99) return [['authorization', nastyText(random).replace(/[\r\n]/g, '')]];
  const isRight = oneIn(random, 2);
  return [
    ['X-Auth-Account-Url', isRight ? prey.accountUrl : nastyText(random)],
    ['X-Auth-Email', 'owner'],
    ['X-Auth-Password', isRight ? 'prey' : nastyText(random)],
  ];
}

function addBody(random: Random, draft: Draft, route: AnyRoute, prey: Prey): void {
  if (!route.body) return;
  const { shape } = route.body;
  let value = valueFor(random, shape, '', prey);
  if (route.path === '/token' || route.path === '/api/v3/token')
    value = {
      client_id: prey.client.id,
      client_secret: prey.client.secret,
      grant_type: 'client_credentials',
    };
  for (let n = random(3); n > 0; n--) if (oneIn(random, 3)) value = spoil(random, value);
  const kind = pick(random, ['json', 'json', 'xml', 'xml', 'urlencoded', 'multipart']);
  draft.framing = oneIn(random, 15) ? 'chunked' : 'length';
  if (kind === 'json') {
    draft.body = Buffer.from(toJsonText(random, value));
    draft.headers.push(['content-type', 'application/json']);
  } else if (kind === 'xml') {
    const declaration = oneIn(random, 2) ? '<?xml version="1.0" encoding="UTF-8"?>\n' : '';
    draft.body = Buffer.from(`${declaration}<request>${toXmlText(shape, value)}</request>`);
    draft.headers.push(['content-type', 'application/xml; charset=UTF-8']);
  } else if (kind === 'urlencoded') {
    draft.body = Buffer.from(
      toPairs(random, value)
        .map(([name, text]) => `${encode(random, name)}=${encode(random, text)}`)
        .join('&'),
    );
    draft.headers.push(['content-type', 'application/x-www-form-urlencoded']);
  } else {
    const parts = toPairs(random, value).map(
      ([name, text]) =>
        `--xyz\r\ncontent-disposition: form-data; name="${name}"${oneIn(random, 20) ? '; filename="a.txt"' : ''}\r\n\r\n${text}\r\n`,
    );
    draft.body = Buffer.from(`${parts.join('')}--xyz--\r\n`);
    draft.headers.push(['content-type', 'multipart/form-data; boundary=xyz']);
  }
}

/** What makes a picture of whatever follows. */
const PICTURES = ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'RIFF\0\0\0\0WEBP'];

function addFile(random: Random, draft: Draft, prey: Prey, types: readonly string[]): void {
  draft.framing = oneIn(random, 15) ? 'chunked' : 'length';
  const isPicture = types.includes('image/*') && !oneIn(random, 10);
  const head = Buffer.from(isPicture ? pick(random, PICTURES) : '', 'latin1');
  const file = Buffer.concat([head, tableBytes(random, prey)]);
  if (oneIn(random, 3)) {
    const opening = '--xyz\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n';
    draft.body = Buffer.concat([Buffer.from(opening), file, Buffer.from('\r\n--xyz--\r\n')]);
    draft.headers.push(['content-type', 'multipart/form-data; boundary=xyz']);
  } else {
    draft.body = file;
    draft.headers.push([
      'content-type',
      pick(
        random,
        isPicture ? ['image/png', 'image/x-unheard-of'] : ['text/csv', 'text/csv; charset=windows-1251'],
      ),
    ]);
  }
}

const TOKENS = [
  '\0',
  '"',
  '<',
  '>',
  '&',
  '&#0;',
  '&#x110000;',
  '&unknown;',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '<a'.repeat(100),
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\u',
  '\\ud800',
  '1e999',
  '%',
  '%zz',
  '%00',
  '[',
  '][',
  '&&&',
  '=',
  '\ufeff',
  '\r\n\r\n',
  '--xyz',
  '--xyz--',
  '{"a":'.repeat(60),
  '<b>'.repeat(60),
  '__proto__',
  ' '.repeat(1_000),
];

/** Changes bytes of a body here and there. */
function mutate(random: Random, bytes: Buffer): Buffer {
  let out = bytes;
  for (let n = 1 + random(3); n > 0; n--) {
    const at = random(out.length + 1);
    const [before, after] = [out.subarray(0, at), out.subarray(at)];
    switch (random(6)) {
      case 0:
        out = Buffer.concat([before, Buffer.from([random(256)]), after.subarray(1)]);
        break;
      case 1:
        out = Buffer.concat([before, after.subarray(random(20))]);
        break;
      case 2:
        out = Buffer.concat([before, Buffer.from(pick(random, TOKENS)), after]);
        break;
      case 3:
        out = before;
        break;
      case 4:
        out = Buffer.concat([
          before,
          Buffer.from([0xc3, 0x28, 0xff, 0xed, 0xa0, 0x80].slice(0, 1 + random(6))),
          after,
        ]);
        break;
      default:
        out = Buffer.concat([before, after.subarray(0, random(50)), after]);
    }
  }
  return out;
}

const FRAMINGS = ['too short', 'too long', 'both', 'twice', 'broken chunks', 'none'] as const;

function spoilDraft(random: Random, draft: Draft): void {
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      draft.body = mutate(random, draft.body);
      if (draft.framing === 'none' && draft.body.length > 0) draft.framing = 'length';
      break;
    case 3:
      draft.headers = draft.headers.filter(([name]) => name !== 'content-type');
      draft.headers.push(['content-type', pick(random, TYPES)]);
      break;
    case 4:
      draft.method = pick(random, METHODS);
      break;
    case 5: {
      const at = random(draft.target.length + 1);
      const inserted = encodeURIComponent(
        pick(random, [...TOKENS, '\u0000', '🙂', '/../', '//', '%', '%c3%28']),
      );
      draft.target =
        draft.target.slice(0, at) +
        (oneIn(random, 3) ? pick(random, ['%', '%00', '%ff', '//', '/./', ';', '?']) : inserted) +
        draft.target.slice(at);
      break;
    }
    case 6:
      draft.headers.push(
        pick<[string, string]>(random, [
          ['content-encoding', 'gzip'],
          ['expect', '100-continue'],
          ['expect', 'the unexpected'],
          ['upgrade', 'websocket'],
          ['connection', 'close'],
          ['range', 'bytes=0-1'],
          ['if-none-match', '*'],
          ['cookie', 'session=1'],
          ['x-forwarded-for', '1.2.3.4'],
          ['x-http-method-override', 'DELETE'],
          ['x-long', 'y'.repeat(20_000)],
          ['accept', '\u00ff'.repeat(50)],
          ['authorization', 'Bearer '],
          ['idempotency-key', pick(random, ['', 'k', 'k'.repeat(5_000)])],
          ['prefer', pick(random, ['respond-async', 'return=representation; x="', 'handling=strict,,,'])],
        ]),
      );
      break;
    case 7:
      draft.framing = pick(random, FRAMINGS);
      break;
    default:
      draft.target = `${draft.target}${draft.target.includes('?') ? '&' : '?'}${pick(random, [
        'pageSize=-1',
        'pageSize=1e3',
        'pageToken=AAAA',
        'pageToken=%00',
        'pageToken[]=a&pageToken[b]=c',
        '__proto__[x]=1',
        `${'a[b]'.repeat(40)}=1`,
        'learnerIds[][][]=x',
        'courseIds=,,,',
        '&&=&=',
        `x=${'y'.repeat(10_000)}`,
      ])}`;
  }
}

function toBytes(random: Random, draft: Draft): Buffer {
  const head = [`${draft.method} ${draft.target} HTTP/1.1`];
  // Header text is latin-1 on the wire; a line break in a value would be another header.
  for (const [name, value] of draft.headers) head.push(`${name}: ${value.replace(/[\r\n\0]/g, ' ')}`);
  const { length } = draft.body;
  const lengths = (n: number): string => `content-length: ${n}`;
  const chunked = 'transfer-encoding: chunked';
  let body = draft.body;
  switch (draft.framing) {
    case 'length':
      head.push(lengths(length));
      break;
    case 'too short':
      head.push(lengths(Math.max(0, length - 1 - random(20))));
      break;
    case 'too long':
      head.push(lengths(length + 1 + random(2_000_000)));
      break;
    case 'twice':
      head.push(lengths(length), lengths(length + 1));
      break;
    case 'both':
      head.push(lengths(length), chunked);
      body = inChunks(body);
      break;
    case 'chunked':
      head.push(chunked);
      body = inChunks(body);
      break;
    case 'broken chunks':
      head.push(chunked);
      body = mutate(random, inChunks(body));
      break;
    case 'none':
  }
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function inChunks(body: Buffer): Buffer {
  const at = Math.floor(body.length / 2);
  const chunk = (part: Buffer): Buffer =>
    part.length === 0
      ? part
      : Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]);
  return Buffer.concat([chunk(body.subarray(0, at)), chunk(body.subarray(at)), Buffer.from('0\r\n\r\n')]);
}

/** Breaks a request as bytes, head and all. */
function garble(random: Random, bytes: Buffer): Buffer {
  if (oneIn(random, 4))
    return Buffer.from(
      pick(random, [
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'GET\r\n\r\n',
        'GET / HTTP/1.0\r\n\r\n',
        'GET http://evil.example/user HTTP/1.1\r\nhost: x\r\n\r\n',
        'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
        'CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n',
        'GET /user HTTP/1.1\r\n\r\n',
        'GET /user HTTP/9.9\r\nhost: x\r\n\r\n',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`,
        `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5_000)}\r\n`,
      ]),
      'latin1',
    );
  return mutate(random, bytes);
}

/** Several well-framed requests at once on one connection. */
function pipelined(random: Random, routes: readonly AnyRoute[], prey: Prey, about: string): Case {
  const drafts = Array.from({ length: 2 + random(4) }, () => {
    const draft = draftFor(random, pick(random, routes), prey);
    if (draft.method === 'HEAD') draft.method = 'GET';
    return toBytes(random, draft);
  });
  return {
    about: `pipelined: ${about}`,
    bytes: Buffer.concat(drafts),
    sending: 'then end',
    answers: 0,
    isHead: false,
  };
}
