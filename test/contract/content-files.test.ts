import { addCourse, addUser } from '../support/people.ts';
import type { World } from '../support/server.ts';
import { contract, type Row } from './runner.ts';
import type { Names } from './template.ts';

/** Files of content items: of our own, in the manner of the contract. How they are served: test/portal/materials.test.ts. */

const UNKNOWN = '3fa85f64-5717-4562-b3fc-2c963f66afa6';
const LIMIT = 2_000;

async function setup(world: World): Promise<Names> {
  return {
    page: await addCourse(world, 'Page', { title: 'Fire & water' }),
    image: await addCourse(world, 'Image'),
    scorm: await addCourse(world, 'SCORM'),
    course: await addCourse(world),
    learner: await world.tokenOf(await addUser(world)),
    publisher: await world.tokenOf(await addUser(world, { role: 'publisher' })),
  };
}

const POST = { method: 'POST' as const, path: '/content/{page}/file' };
const html = { headers: { 'content-type': 'text/html' } };
const wrongType = (type: string, types: string): string =>
  `By its first bytes the file is none that a ${type} can have: ${types}.`;
const tooLarge = {
  refused: 'request.file_too_large',
  status: 413,
  message: `The file is larger than ${LIMIT} bytes.`,
};
const form = (parts: string): Pick<Row, 'headers' | 'csv'> => ({
  headers: { 'content-type': 'multipart/form-data; boundary=xyz' },
  csv: parts,
});
const filePart = (name: string, content: string): string =>
  `--xyz\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: image/png\r\n\r\n${content}\r\n`;

const stored = (fileName: string | null, size: number, sha256: string): Row['expect'] => ({
  status: 200,
  json: { ...(fileName === null ? {} : { fileName }), mediaType: 'text/html', size, sha256 },
  xml: `<response><contentFile>${fileName === null ? '' : `<fileName>${fileName.replaceAll('&', '&amp;')}</fileName>`}
    <mediaType>text/html</mediaType><size>${size}</size><sha256>${sha256}</sha256></contentFile></response>`,
});
/** Of `<p>Hello`. */
const SHA_OF_HELLO = 'b8d9927835707e19972adf45f4f3e6575c67a3d63ec2b3eb918d4d78c5f2d2af';

const rows: readonly Row[] = [
  {
    name: 'the body is the file; what it is, is judged by its first bytes',
    ...POST,
    ...html,
    as: 'publisher',
    csv: '<p>Hello',
    expect: stored(null, 8, SHA_OF_HELLO),
  },
  {
    name: 'its name may be given beside it; a path is left out',
    ...POST,
    path: '/content/{page}/file?fileName=notes%2Fa%20%26%20b.html',
    headers: { 'content-type': 'application/octet-stream' },
    csv: '<p>Hello',
    expect: stored('a & b.html', 8, SHA_OF_HELLO),
  },
  {
    name: 'a form with the file, and other fields around it',
    ...POST,
    ...form(
      `--xyz\r\ncontent-disposition: form-data; name="note"\r\n\r\n1\r\n${filePart('план.html', '<p>Hello')}--xyz--\r\n`,
    ),
    expect: stored('план.html', 8, SHA_OF_HELLO),
  },
  {
    name: 'a form without a file',
    ...POST,
    ...form('--xyz\r\ncontent-disposition: form-data; name="file"\r\n\r\n1\r\n--xyz--\r\n'),
    expect: {
      refused: 'request.malformed_form',
      status: 400,
      message: 'The form body cannot be read: it has no file.',
    },
  },
  {
    name: 'a form that breaks off',
    ...POST,
    ...form(filePart('a.html', '<p>Hello')),
    expect: {
      refused: 'request.malformed_form',
      status: 400,
      message: 'The form body cannot be read: it ends before its last boundary.',
    },
  },
  {
    name: 'an empty file',
    ...POST,
    ...html,
    csv: '',
    expect: { refused: 'file.empty', status: 400, message: 'The file is empty.' },
  },
  {
    name: 'an empty file in a form',
    ...POST,
    ...form(`${filePart('a.html', '')}--xyz--\r\n`),
    expect: { refused: 'file.empty', status: 400, message: 'The file is empty.' },
  },
  {
    name: 'a file of another kind, whatever it is called',
    ...POST,
    path: '/content/{image}/file?fileName=a.png',
    headers: { 'content-type': 'image/png' },
    csv: '<svg onload="alert(1)">',
    expect: {
      refused: 'file.wrong_type',
      status: 400,
      message: wrongType('Image', 'image/png, image/jpeg, image/gif, image/webp, image/avif'),
    },
  },
  {
    name: 'a package that is none',
    ...POST,
    path: '/content/{scorm}/file',
    headers: { 'content-type': 'application/zip' },
    csv: 'PK\x03\x04 and no more',
    expect: {
      refused: 'file.package',
      status: 400,
      message:
        'The package cannot be used: it is no archive that can be read (End of central directory record signature not found).',
    },
  },
  {
    name: 'a content item that has no file',
    ...POST,
    path: '/content/{course}/file',
    ...html,
    csv: '<p>Hello',
    expect: {
      refused: 'content.takes_no_file',
      status: 400,
      message: 'A content item of type Course has no file.',
    },
  },
  {
    name: 'an unknown content item',
    ...POST,
    path: `/content/${UNKNOWN}/file`,
    ...html,
    csv: '<p>Hello',
    expect: { refused: 'content.unknown', status: 404, message: `Unknown content item ${UNKNOWN}.` },
  },
  { name: 'a file that is too large', ...POST, ...html, csv: `<p>${'x'.repeat(LIMIT)}`, expect: tooLarge },
  {
    name: 'a file in a form that is too large',
    ...POST,
    ...form(`${filePart('a.html', `<p>${'x'.repeat(LIMIT)}`)}--xyz--\r\n`),
    expect: tooLarge,
    afterwards: [
      {
        method: 'DELETE',
        path: '/content/{image}/file',
        expect: {
          refused: 'content.no_file',
          status: 404,
          message: 'The content item {image} has no file.',
        },
      },
    ],
  },
  {
    name: 'a learner may not',
    ...POST,
    ...html,
    as: 'learner',
    csv: '<p>Hello',
    expect: { refused: 'auth.role', status: 403, message: 'Permission denied.' },
  },
  {
    name: 'a file is taken away, once',
    method: 'DELETE',
    path: '/content/{page}/file',
    expect: { status: 204 },
    afterwards: [
      {
        method: 'DELETE',
        path: '/content/{page}/file',
        expect: { refused: 'content.no_file', status: 404, message: 'The content item {page} has no file.' },
      },
      {
        method: 'GET',
        path: '/content/{page}/file',
        expect: { refused: 'content.no_file', status: 404, message: 'The content item {page} has no file.' },
      },
      {
        method: 'GET',
        path: `/content/${UNKNOWN}/file`,
        expect: {
          refused: 'content.unknown_ids',
          status: 400,
          message: `Unknown content item: id ${UNKNOWN}.`,
        },
      },
      {
        method: 'DELETE',
        path: `/content/${UNKNOWN}/file`,
        expect: { refused: 'content.unknown', status: 404, message: `Unknown content item ${UNKNOWN}.` },
      },
    ],
  },
];

contract('files of content items', setup, rows, { files: { maxFileBytes: LIMIT } });
