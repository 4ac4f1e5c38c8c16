import type { Context } from '../access/index.ts';
import { answerWith, type StoredFile, UPLOAD_TYPES } from '../files/index.ts';
import { file, nothing, one, Reply, type Route, route } from '../http/route.ts';
import { about, integer, object, optional, text, uuid } from '../http/wire.ts';
import * as files from './item-files.ts';

const ContentFile = object(
  {
    fileName: optional(about('As the sender called it', text())),
    mediaType: about('By its first bytes', text()),
    size: about('In bytes', integer()),
    sha256: about('In hexadecimal digits', text()),
  },
  'ContentFile',
);

const toContentFile = ({ name, mediaType, size, sha256 }: StoredFile) => ({
  fileName: name ?? undefined,
  mediaType,
  size,
  sha256: sha256.toString('hex'),
});

const byId = object({ id: uuid() });
const BYTES = file<AsyncIterable<Buffer>>('application/octet-stream');

export const fileRoutes: readonly Route<Context>[] = [
  route({
    tag: 'content',
    may: 'content.write',
    method: 'POST',
    path: '/content/{id}/file',
    operationId: 'StoreContentFile',
    summary: 'Give a content item its file, in place of the one it had',
    description:
      'The body is the file, or a form with it. What it is, is judged by its first bytes; docs/materials.md says what each content type takes. The name of a file that is the body itself may be given as fileName.',
    params: byId,
    query: object({ fileName: optional(text({ max: 1_000 })) }),
    upload: UPLOAD_TYPES,
    isStreamed: true,
    keyless: 'stream',
    answer: one(ContentFile, { xmlItem: 'contentFile' }),
    refusals: [
      'content.unknown',
      'content.takes_no_file',
      'file.empty',
      'file.wrong_type',
      'file.package',
      'request.malformed_form',
      'request.file_too_large',
      'server.busy',
    ],
    run: async (ctx: Context, { params, query, incoming }) =>
      toContentFile(
        await files.storeFile(ctx, params.id, { ...incoming, name: query.fileName ?? incoming.name }),
      ),
  }),
  route({
    tag: 'content',
    may: 'content.read',
    method: 'GET',
    path: '/content/{id}/file',
    operationId: 'GetContentFile',
    summary: 'The file of a content item',
    params: byId,
    answer: BYTES,
    headers: { 'Content-Disposition': 'What the file is called' },
    refusals: ['content.unknown_ids', 'content.no_file'],
    run: async (ctx: Context, { params }) => {
      const { item, file: stored } = await files.readFile(ctx, params.id);
      const whole = { range: undefined, ifRange: undefined, ifNoneMatch: undefined };
      const { headers, body } = answerWith(ctx.db, ctx.caller.accountId, stored, whole, {
        title: item.title,
        isApart: false,
        isDownload: true,
      });
      // What it is, is no matter here: it is kept, and nothing shows it.
      const { 'content-type': _mediaType, ...others } = headers;
      return new Reply(body as AsyncIterable<Buffer>, others);
    },
  }),
  route({
    tag: 'content',
    may: 'content.write',
    method: 'DELETE',
    path: '/content/{id}/file',
    operationId: 'RemoveContentFile',
    summary: 'Take the file of a content item away',
    params: byId,
    answer: nothing(204),
    refusals: ['content.unknown', 'content.no_file'],
    run: (ctx: Context, { params }) => files.removeFile(ctx, params.id),
  }),
];
