import type { ErrorCode } from '../kernel/errors.ts';
import type { Upload } from './body.ts';
import { csvHeader, toCsv, toJson, toXml, XML_DECLARATION, xmlContent } from './encode.ts';
import type { IncomingFile } from './incoming.ts';
import type { FileFormat, Format } from './negotiate.ts';
import {
  type Infer,
  list,
  type ObjectShape,
  object,
  optional,
  type Shape,
  text,
  uuid,
  type Wire,
} from './wire.ts';

type ListShape = Extract<Shape, { kind: 'list' }>;

/** A route is data: the server, the OpenAPI document and the permission matrix are made from the table of these. */

/** What a body is in JSON, and what stands inside its root in XML. */
interface Body {
  readonly json: Shape;
  readonly xml: Shape;
}

/** How a result is written. An iterable answers page after page of a list. */
export interface Answer<R> {
  readonly status: number;
  /** What the OpenAPI document says: none when there is no body, several when the caller has a choice. */
  readonly bodies: readonly Body[];
  readonly xmlRoot: string;
  encode(result: R, format: Format): string | Buffer | AsyncIterable<string | Buffer>;
  /** Formats beside JSON and XML, for who asks for them by name. */
  readonly files?: readonly FileFormat[];
  /** A media type of its own, whatever Accept says; only refusals are negotiated then. */
  readonly contentType?: string;
}

/** No body. */
export const nothing = (status: 200 | 201 | 202 | 204 | 304): Answer<void> => ({
  status,
  bodies: [],
  xmlRoot: 'response',
  encode: () => '',
});

/** A page or a file, as it is, or written while it is made. */
export const file = <T extends string | Buffer | AsyncIterable<string | Buffer>>(
  contentType: string,
): Answer<T> => ({
  status: 200,
  bodies: [],
  xmlRoot: 'response',
  contentType,
  encode: (content) => content,
});

const document = (root: string, content: string): string =>
  content === '' ? `${XML_DECLARATION}<${root}/>` : `${XML_DECLARATION}<${root}>${content}</${root}>`;

const ID = { json: uuid().shape, xml: uuid().shape };

/** The id of what was created: a JSON string, or `<response>id</response>`. */
export const createdId = (): Answer<string> => ({
  status: 201,
  bodies: [ID],
  xmlRoot: 'response',
  encode: (id, format) => (format === 'json' ? JSON.stringify(id) : document('response', id)),
});

/** The id of what was created, or, for a caller who asked with X-Return-Object, what was created. */
export const created = <T extends object>(object: Answer<T>): Answer<string | T> => {
  const id = createdId();
  return {
    ...id,
    bodies: [...id.bodies, ...object.bodies],
    encode: (value, format) =>
      typeof value === 'string' ? id.encode(value, format) : object.encode(value, format),
  };
};

const under = (key: string | undefined, wire: Wire<unknown>): Shape =>
  key === undefined ? wire.shape : object({ [key]: wire }).shape;

/** One object: bare in JSON; in XML its members stand in `<response>`, or in `<response><xmlItem>`. */
export const one = <T>(
  wire: Wire<T>,
  options: { xmlItem?: string; status?: number; jsonKey?: string } = {},
): Answer<T> => ({
  status: options.status ?? 200,
  bodies: [{ json: under(options.jsonKey, wire), xml: under(options.xmlItem, wire) }],
  xmlRoot: 'response',
  encode: (value, format) => {
    if (format === 'json') {
      const json = toJson(wire.shape, value);
      return options.jsonKey ? `{${JSON.stringify(options.jsonKey)}:${json}}` : json;
    }
    return document(
      'response',
      options.xmlItem ? toXml(wire.shape, value, options.xmlItem) : xmlContent(wire.shape, value),
    );
  },
});

/** One object with a list among its members that is written while it is read; it may be left out. */
export const oneWithList = <T, K extends keyof T & string>(
  wire: Wire<T>,
  options: { list: K; xmlItem?: string; status?: number },
): Answer<Omit<T, K> & { [P in K]: Pages<Entry<T[K]>> | undefined }> => {
  const plain = one(wire, options);
  const { list: member } = options;
  return {
    ...plain,
    encode: (value, format) => {
      const pages = value[member];
      const whole = plain.encode({ ...value, [member]: pages && [] } as T, format) as string;
      const { shape } = (wire.shape as ObjectShape).members.get(member) as { shape: ListShape };
      return pages ? insertList(whole, member, shape, pages, format) : whole;
    },
  };
};

type Entry<L> = NonNullable<L> extends readonly (infer E)[] ? E : never;

async function* insertList(
  whole: string,
  member: string,
  shape: ListShape,
  pages: Pages<unknown>,
  format: Format,
): AsyncGenerator<string> {
  const opening = format === 'json' ? `"${member}":[` : `<${member}>`;
  const at = whole.indexOf(opening) + opening.length;
  let before = whole.slice(0, at);
  for await (const entries of each(pages)) {
    if (entries.length === 0) continue;
    const texts = entries.map((entry) =>
      format === 'json' ? toJson(shape.item, entry) : toXml(shape.item, entry, shape.itemName),
    );
    yield before + texts.join(format === 'json' ? ',' : '');
    before = format === 'json' ? ',' : '';
  }
  yield (before === ',' ? '' : before) + whole.slice(at);
}

const each = <T>(pages: Pages<T>): AsyncIterable<readonly T[]> | readonly (readonly T[])[] =>
  Array.isArray(pages) ? [pages as readonly T[]] : (pages as AsyncIterable<readonly T[]>);

export type Pages<T> = AsyncIterable<readonly T[]> | readonly T[];

/** A whole list, written while it is read: a bare array in JSON, the items as children of the root in XML. */
export const manyUnpaged = <T>(
  item: Wire<T>,
  options: { xmlItem: string; xmlRoot?: string },
): Answer<Pages<T>> => {
  const root = options.xmlRoot ?? 'response';
  const { shape } = list(item, { item: options.xmlItem });
  return {
    status: 200,
    bodies: [{ json: shape, xml: shape }],
    xmlRoot: root,
    encode: (pages, format) => write(pages, format, item.shape, root, options.xmlItem),
  };
};

async function* write<T>(
  pages: Pages<T>,
  format: Format,
  shape: Shape,
  root: string,
  xmlItem: string,
): AsyncGenerator<string> {
  let isFirst = true;
  for await (const page of each(pages)) {
    if (page.length === 0) continue;
    const parts = page.map((value) =>
      format === 'json' ? toJson(shape, value) : toXml(shape, value, xmlItem),
    );
    const before = format === 'json' ? (isFirst ? '[' : ',') : isFirst ? `${XML_DECLARATION}<${root}>` : '';
    isFirst = false;
    yield before + parts.join(format === 'json' ? ',' : '');
  }
  if (isFirst) yield format === 'json' ? '[]' : document(root, '');
  else yield format === 'json' ? ']' : `</${root}>`;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string | undefined;
}

/** One page: `{key: […], nextPageToken}`, or `<response><key><xmlItem>…</key><nextPageToken>`. */
export const page = <T>(item: Wire<T>, options: { key: string; xmlItem: string }): Answer<Page<T>> => {
  const wire = object({
    [options.key]: list(item, { item: options.xmlItem }),
    nextPageToken: optional(text()),
  });
  return {
    status: 200,
    bodies: [{ json: wire.shape, xml: wire.shape }],
    xmlRoot: 'response',
    encode: (value, format) => {
      const plain = { [options.key]: value.items, nextPageToken: value.nextPageToken };
      return format === 'json'
        ? toJson(wire.shape, plain)
        : document('response', xmlContent(wire.shape, plain));
    },
  };
};

/** A page, and what follows it. */
export interface PageOfFile<T> extends Page<T> {
  /** Read only when the whole is wanted. */
  readonly rest: AsyncIterable<readonly T[]>;
}

/** One page in JSON and XML; as a CSV or NDJSON file, the whole list from that page on, written while it is read. */
export const pageOrFile = <T extends object>(
  item: Wire<T>,
  options: { key: string; xmlItem: string },
): Answer<PageOfFile<T>> => {
  const paged = page(item, options);
  return {
    ...paged,
    files: ['csv', 'ndjson'],
    encode: (value, format) =>
      format === 'csv' || format === 'ndjson'
        ? writeFile(item.shape as ObjectShape, value, format)
        : paged.encode(value, format),
  };
};

async function* writeFile<T extends object>(
  shape: ObjectShape,
  { items, rest }: PageOfFile<T>,
  format: FileFormat,
): AsyncGenerator<string> {
  const written = (entries: readonly T[]): string =>
    entries
      .map((entry) =>
        format === 'csv'
          ? toCsv(shape, entry as Readonly<Record<string, unknown>>)
          : `${toJson(shape, entry)}\n`,
      )
      .join('');
  yield (format === 'csv' ? csvHeader(shape) : '') + written(items);
  for await (const entries of rest) yield written(entries);
}

/** A result with response headers beside it, or with another status and answer. */
export class Reply<R> {
  readonly value: R;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: Answer<R> | null;
  constructor(value: R, headers: Readonly<Record<string, string>>, answer: Answer<R> | null = null) {
    this.value = value;
    this.headers = headers;
    this.answer = answer;
  }
}

/** A reply in another answer than the route's own, such as its representation. */
export const replyAs = <S>(
  answer: Answer<S>,
  value: S,
  headers: Readonly<Record<string, string>>,
): Reply<never> => new Reply(value, headers, answer) as unknown as Reply<never>;

export interface Route<Ctx> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Parameters in braces: /enrollment/{enrollmentId} */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  /** Opaque here: 'public' needs no caller; everything else is asked of the pipeline's `authorize`. */
  readonly may: string;
  readonly params: Wire<unknown> | null;
  readonly query: Wire<unknown> | null;
  readonly body: Wire<unknown> | null;
  /** Media types (`image/*` is all of them) of the file that is the body, or stands in a form; null where the body is a value. */
  readonly upload: readonly string[] | null;
  /** Whether that file may be larger than memory: `run` reads it while it comes in. */
  readonly isStreamed: boolean;
  /** small: at most 1 MB; bulk: the configured maximum. */
  readonly bodySize: 'small' | 'bulk';
  /** Members of the body that may also come in request headers (header-members.ts). */
  readonly headerMembers: readonly string[];
  /** Request headers that say what is asked for, as the body does, and what they mean. */
  readonly takesHeaders: Readonly<Record<string, string>>;
  /** Members presumed when a form leaves them out. */
  readonly formDefaults: Readonly<Record<string, string>>;
  readonly answer: Answer<never>;
  /** Given instead to who prefers it (return=representation); null when there is no choice. */
  readonly representation: Answer<never> | null;
  /** Whether who prefers respond-async may get 202 before it is done. */
  readonly mayBeAsync: boolean;
  /** Whether who names what they have (conditional.ts) may get 304. */
  readonly mayBeUnchanged: boolean;
  /** Headers that every such answer carries, and what they say. */
  readonly headers: Readonly<Record<string, string>>;
  /** The same of headers that some such answers carry. */
  readonly mayHaveHeaders: Readonly<Record<string, string>>;
  readonly refusals: readonly ErrorCode[];
  /**
   * Why a POST or DELETE knows no Idempotency-Key: it only reads, a secret would be kept, or what it is sent is not known
   * before it is done, and doing it again changes nothing.
   */
  readonly keyless: 'read' | 'secret' | 'stream' | null;
  /** Answers again for what an earlier attempt did, by the id of that, when its answer was not kept. */
  readonly rebuild: ((ctx: Ctx, effectId: string, input: Input) => Promise<unknown>) | null;
  /** The token endpoint: JSON unless XML is asked for, and failures carry OAuth's `error`. */
  readonly prefersJson: boolean;
  readonly run: (ctx: Ctx, input: Input) => Promise<unknown>;
}

/** What a route is given; its own types stand in {@link route}. */
export interface Input {
  readonly params: never;
  readonly query: never;
  readonly body: never;
  /** Empty where the route takes none. */
  readonly file: Upload;
  /** Of a route that reads its file while it comes in. */
  readonly incoming: IncomingFile;
  readonly headers: TakenHeaders;
  /** How the answer will be written: what is read for a stream is not what is read for a page. */
  readonly format: Format;
}

/** By name, as the route spells it. */
type TakenHeaders = Readonly<Record<string, string | undefined>>;

type None = Record<string, never>;
type In<W> = W extends Wire<unknown> ? Infer<W> : None;

interface RouteInput<Ctx, P, Q, B, R> {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  tag: string;
  may: string;
  params?: P;
  query?: Q;
  body?: B;
  upload?: readonly string[];
  isStreamed?: boolean;
  bodySize?: 'small' | 'bulk';
  headerMembers?: readonly (keyof In<B> & string)[];
  takesHeaders?: Readonly<Record<string, string>>;
  formDefaults?: Readonly<Record<string, string>>;
  answer: Answer<R>;
  representation?: Answer<never>;
  mayBeAsync?: boolean;
  mayBeUnchanged?: boolean;
  headers?: Readonly<Record<string, string>>;
  mayHaveHeaders?: Readonly<Record<string, string>>;
  refusals?: readonly ErrorCode[];
  keyless?: 'read' | 'secret' | 'stream';
  rebuild?(
    ctx: Ctx,
    effectId: string,
    input: { params: In<P>; query: In<Q>; body: In<B>; file: Upload; headers: TakenHeaders },
  ): Promise<R | Reply<R>>;
  prefersJson?: boolean;
  run(
    ctx: Ctx,
    input: {
      params: In<P>;
      query: In<Q>;
      body: In<B>;
      file: Upload;
      incoming: IncomingFile;
      headers: TakenHeaders;
      format: Format;
    },
  ): Promise<R | Reply<R>>;
}

/** A route with its defaults filled in; infers what `run` is given from the schemas. */
export function route<Ctx, P = null, Q = null, B = null, R = void>(
  input: RouteInput<Ctx, P, Q, B, R>,
): Route<Ctx> {
  return {
    bodySize: 'small',
    headerMembers: [],
    takesHeaders: {},
    formDefaults: {},
    headers: {},
    mayHaveHeaders: {},
    refusals: [],
    keyless: null,
    rebuild: null,
    prefersJson: false,
    representation: null,
    mayBeAsync: false,
    mayBeUnchanged: false,
    params: null,
    query: null,
    body: null,
    upload: null,
    isStreamed: false,
    ...input,
  } as unknown as Route<Ctx>;
}

/** Whether a retry may be told by its Idempotency-Key: every write, but for those that say why not. */
export const takesKey = (route: Pick<Route<never>, 'method' | 'keyless'>): boolean =>
  route.method !== 'GET' && route.keyless === null;
