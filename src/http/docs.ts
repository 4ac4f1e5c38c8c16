import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/**
 * Nothing from elsewhere, nothing inline: the page is served from our own files. The one hash is that of the style
 * attribute with which Swagger UI hides its sheet of icons.
 */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
      uiConfig: { docExpansion: 'list', deepLinking: false, tryItOutEnabled: false, validatorUrl: null },
    });
  });
}

/** The stock colours miss WCAG's contrast in a few places. */
const CONTRAST = `
.swagger-ui .opblock .opblock-summary .opblock-summary-method { background: #1f3a5f !important; color: #fff !important; text-shadow: none; }
.swagger-ui .info .title small { background: #4a4a4a; }
.swagger-ui .info .title small.version-stamp { background: #3b6000; }
.swagger-ui .opblock-tag small, .swagger-ui .opblock .opblock-summary-description { color: #3b4151; }
.swagger-ui .topbar { display: none; }
.swagger-ui .json-schema-2020-12-expand-deep-button, .swagger-ui .json-schema-2020-12__attribute { color: #3b4151 !important; }
.swagger-ui a, .swagger-ui .info a { color: #1b4f9c; }
.swagger-ui .btn.authorize { color: #0b5c3b; border-color: #0b5c3b; }
.swagger-ui .btn.authorize svg { fill: #0b5c3b; }
.swagger-ui .opblock .opblock-summary-path { color: #1b1f27; }
`;
