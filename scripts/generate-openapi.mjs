// openapi.json: the API's description, made from the route table.
import { toOpenApi } from '../dist/src/http/openapi.js';
import { allRoutes } from '../dist/src/routes.js';

export const path = 'openapi.json';

export async function generate() {
  // The table only describes: nothing is run, so it needs nothing that works.
  const routes = allRoutes();
  return `${JSON.stringify(toOpenApi(routes, { title: 'Rollbook', version: '0.1.0' }), null, 2)}\n`;
}
