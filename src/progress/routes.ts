import type { Context } from '../access/index.ts';
import { file, one, Reply, type Route, route } from '../http/route.ts';
import { about, object, text, uuid } from '../http/wire.ts';
import { genuinePage, PAGE_HEADERS, STYLE, unknownPage } from './certificate-page.ts';
import { printCertificate } from './certificate-pdf.ts';
import { linkTo, openLink, verify } from './certificates.ts';

const byId = object({ issuedCertificateId: uuid() });
const PUBLIC = { tag: 'certificate', may: 'public', method: 'GET' } as const;

/** Certificates: a short-lived link for whoever reads enrollments; the file and its verification for whoever has the address. */
export const certificateRoutes: readonly Route<Context>[] = [
  route({
    tag: 'certificate',
    may: 'enrollment.read',
    method: 'GET',
    path: '/certificate/{issuedCertificateId}',
    operationId: 'GetIssuedCertificate',
    summary: 'A link to the PDF of a certificate, which holds for ten minutes',
    params: byId,
    answer: one(object({ url: text() }), { xmlItem: 'issuedCertificate' }),
    refusals: ['certificate.unknown', 'auth.certificate_scope'],
    run: async (ctx: Context, { params }) => ({ url: await linkTo(ctx, params.issuedCertificateId) }),
  }),
  route({
    ...PUBLIC,
    path: '/download/v1/certificate/{issuedCertificateId}',
    operationId: 'DownloadCertificate',
    summary: 'The certificate that a link leads to',
    params: byId,
    query: object({ token: about('From GET /certificate/{issuedCertificateId}', text()) }),
    answer: file<Buffer>('application/pdf'),
    refusals: ['certificate.link', 'certificate.unknown'],
    run: async (ctx: Context, { params, query }) => {
      const certificate = await openLink(ctx, params.issuedCertificateId, query.token);
      const name = `certificate-${certificate.certificateId}.pdf`;
      return new Reply(await printCertificate(certificate), {
        'content-disposition': `inline; filename="${name}"`,
        'x-robots-tag': PAGE_HEADERS['x-robots-tag'],
      });
    },
  }),
  route({
    ...PUBLIC,
    path: '/certificate/verify/{code}',
    operationId: 'VerifyCertificate',
    summary: 'A page that tells whether a certificate is genuine',
    params: object({ code: text({ max: 100 }) }),
    answer: file<string>('text/html; charset=utf-8'),
    run: async (ctx: Context, { params }) => {
      const certificate = await verify(ctx, params.code);
      return new Reply(certificate ? genuinePage(certificate) : unknownPage(), PAGE_HEADERS);
    },
  }),
  route({
    ...PUBLIC,
    path: '/certificate/verify.css',
    operationId: 'GetVerificationStyle',
    summary: 'The style sheet of that page',
    answer: file<string>('text/css; charset=utf-8'),
    run: async () => STYLE,
  }),
];
