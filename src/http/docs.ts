import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** Nothing from elsewhere, nothing inline: the page is served from our own files. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** /openapi.json, and /docs to read it. */
export async function addDocs(app: FastifyInstance, document: Record<string, unknown>): Promise<void> {
  const text = JSON.stringify(document, null, 2);
  app.get('/openapi.json', (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(text),
  );
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(async (docs) => {
    docs.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', POLICY);
    });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: false,
      theme: {
        title: 'Rollbook API',
        css: [{ filename: 'contrast.css', content: CONTRAST }],
      },
      uiConfig: { docExpansion: 'none', deepLinking: true, tryItOutEnabled: false, validatorUrl: null },
    });
  });
}

/** The stock colours miss WCAG's contrast in a few places. */
const CONTRAST = `
.swagger-ui .opblock .opblock-summary-method { background: #1f3a5f; color: #fff; text-shadow: none; }
.swagger-ui .info .title small { background: #4a4a4a; }
.swagger-ui .info .title small.version-stamp { background: #3b6000; }
.swagger-ui .opblock-tag small, .swagger-ui .opblock .opblock-summary-description { color: #3b4151; }
.swagger-ui .topbar { display: none; }
`;
