import assert from 'node:assert/strict';
import net, { type AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { Address } from '../../src/outbound/outbound.ts';
import { isPublicAddress } from '../../src/outbound/targets.ts';
import { Courier, type Delivery } from '../../src/webhooks/courier.ts';
import { ENGINES } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { call, startWorld } from '../support/server.ts';

const post = (courier: Courier, url: string): Promise<Delivery> =>
  courier.post(url, '{"type":"CONFIRMATION","payloads":[]}', { 'webhook-id': 'one' });
const open = (timeoutMs = 2_000): Courier => new Courier({ allowPrivateTargets: true, timeoutMs });
const NOT_PUBLIC = { failure: 'the address is not public' };

describe('where a message may go', () => {
  const refused = [
    ['unspecified', '0.0.0.0', '::'],
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    ['private', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12::1'],
    ['link-local', '169.254.169.254', 'fe80::1', 'fe80::1%eth0'],
    ['shared by carriers', '100.64.0.1', '100.127.255.255'],
    ['multicast', '224.0.0.1', '239.1.1.1', 'ff02::1'],
    ['reserved', '255.255.255.255', '240.0.0.1', '192.0.2.1', '198.18.0.1', '2001:db8::1'],
    ['IPv4-mapped', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['NAT64', '64:ff9b::a00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
    ['6to4 and Teredo', '2002:7f00:1::', '2002:808:808::1', '2001::1'],
    ['no address', '', 'localhost', '1.2.3'],
  ];
  for (const [what, ...addresses] of refused)
    test(`${what} is not public`, () => {
      for (const address of addresses) assert.equal(isPublicAddress(address), false, address);
    });
  test('what lies beside those is public', () => {
    for (const address of [
      '8.8.8.8',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.1',
      '172.15.255.255',
      '172.32.0.0',
      '192.167.255.255',
      '192.169.0.0',
      '223.255.255.255',
      '2001:4860:4860::8888',
      '2606:4700::1111',
      '2a00:1450:4001::1',
    ])
      assert.equal(isPublicAddress(address), true, address);
  });
});

describe('delivery', () => {
  test('a literal private address is refused, however it is written, and nothing arrives', async () => {
    const receiver = await startReceiver();
    const port = new URL(receiver.url).port;
    const courier = new Courier({});
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f000001',
      '2130706433',
      '017700000001',
      '0',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
    ])
      assert.deepEqual(await post(courier, `http://${host}:${port}/`), NOT_PUBLIC, host);
    assert.deepEqual(receiver.received, []);
    await receiver.close();
  });

  test('rebinding: the connection goes to the address that was judged, whatever the name answers next', async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    // 2d00::1 counts as public, and has been given to nobody.
    const answers: Address[][] = [
      [{ address: '127.0.0.1', family: 4 }],
      [{ address: '2d00::1', family: 6 }],
      [{ address: '127.0.0.1', family: 4 }],
    ];
    let asked = 0;
    const courier = new Courier({
      resolve: async () => answers[asked++] ?? [],
      timeoutMs: 300,
    });
    const url = `http://rebinding.example:${port}/`;
    assert.deepEqual(await post(courier, url), NOT_PUBLIC);
    const judged = await post(courier, url);
    assert.ok('failure' in judged && judged.failure !== NOT_PUBLIC.failure, JSON.stringify(judged));
    assert.equal(asked, 2, 'one look-up per delivery: the connection makes none of its own');
    assert.deepEqual(await post(courier, url), NOT_PUBLIC, 'every delivery is judged anew');
    assert.deepEqual(receiver.received, []);
    await receiver.close();
  });

  test('of a name with private and public addresses only the public ones are tried', async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    const courier = new Courier({
      resolve: async () => [
        { address: '127.0.0.1', family: 4 },
        { address: '2d00::1', family: 6 },
      ],
      timeoutMs: 300,
    });
    assert.ok('failure' in (await post(courier, `http://mixed.example:${port}/`)));
    assert.deepEqual(receiver.received, []);
    await receiver.close();
  });

  test('opened by the operator, a name is resolved once and its host is named to the receiver', async () => {
    const receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    const courier = new Courier({
      allowPrivateTargets: true,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    assert.deepEqual(await post(courier, `http://inside.example:${port}/a?b=c`), { status: 200 });
    const [got] = receiver.received;
    assert.equal(got?.headers.host, `inside.example:${port}`);
    assert.equal(got?.path, '/a?b=c');
    assert.equal(got?.body, '{"type":"CONFIRMATION","payloads":[]}');
    assert.equal(got?.headers['webhook-id'], 'one');
    await receiver.close();
  });

  test('a redirect is an answer like any other, and is not followed', async () => {
    const other = await startReceiver();
    const receiver = await startReceiver(
      (_request, response) => void response.writeHead(307, { location: other.url }).end(),
    );
    assert.deepEqual(await post(open(), receiver.url), { status: 307 });
    assert.deepEqual(other.received, []);
    await Promise.all([receiver.close(), other.close()]);
  });

  test('who never answers is left after the limit', async () => {
    const receiver = await startReceiver(() => undefined);
    const from = performance.now();
    assert.deepEqual(await post(open(300), receiver.url), { failure: 'no answer in time' });
    assert.ok(performance.now() - from < 2_000);
    await receiver.close();
  });

  test('who answers drop by drop is left after the limit; the status counts', async () => {
    const receiver = await startReceiver((_request, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const from = performance.now();
    assert.deepEqual(await post(open(300), receiver.url), { status: 200 });
    assert.ok(performance.now() - from < 2_000);
    await receiver.close();
  });

  test('a name that is looked up for ever is left after the limit', async () => {
    const courier = new Courier({ resolve: () => new Promise(() => undefined), timeoutMs: 100 });
    assert.deepEqual(await post(courier, 'http://slow.example/'), { failure: 'no answer in time' });
  });

  test('a giant answer is read no further than needed', async () => {
    let written = 0;
    const receiver = await startReceiver(async (_request, response) => {
      response.writeHead(200);
      const part = Buffer.alloc(64 * 1024);
      let isOpen = true;
      response.on('close', () => {
        isOpen = false;
      });
      while (isOpen && written < 4 * 1024 ** 3) {
        written += part.length;
        if (!response.write(part))
          await new Promise<void>((done) => {
            response.once('drain', done);
            response.once('close', done);
          });
      }
    });
    assert.deepEqual(await post(open(), receiver.url), { status: 200 });
    assert.ok(written < 64 * 1024 * 1024, `${written} bytes`);
    await receiver.close();
  });

  test('giant headers, and what is no HTTP, fail', async () => {
    const receiver = await startReceiver(
      (_request, response) => void response.writeHead(200, { 'x-giant': 'x'.repeat(100_000) }).end(),
    );
    assert.ok('failure' in (await post(open(), receiver.url)));
    await receiver.close();
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('220 mail.example ready\r\n');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    assert.ok('failure' in (await post(open(), `http://127.0.0.1:${port}/`)));
    server.close();
  });

  for (const engine of ENGINES)
    test(`a server that is not told otherwise sends nothing to loopback (${engine})`, async () => {
      const receiver = await startReceiver();
      const world = await startWorld(engine, {
        courier: { resolve: async () => [{ address: '127.0.0.1', family: 4 }] },
      });
      const { port } = new URL(receiver.url);
      const body = { subscriberName: 'inside', callbackUrl: `http://inside.example:${port}/` };
      assert.equal((await call(world, 'POST', '/webhook/register', { json: body })).status, 200);
      const sent = await call(world, 'POST', '/webhook/code/send', { json: body });
      assert.equal(sent.status, 200);
      assert.equal(sent.headers.get('rollbook-delivery'), 'failed: the address is not public');
      assert.deepEqual(receiver.received, []);
      await receiver.close();
      await world.close();
    });
});
