import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../kernel/errors.ts';
import { validate } from './decode.ts';
import { toJson, toXml } from './encode.ts';
import { readPairs, splitUrlEncoded } from './form.ts';
import { readJson } from './json.ts';
import { negotiate } from './negotiate.ts';
import * as wire from './wire.ts';
import { readXml } from './xml.ts';

const RUNS = Number(process.env['ROLLBOOK_RUNS'] ?? 2_000);

const refusal = (work: () => unknown): Refusal => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

const Sample = wire.object({
  ids: wire.ids(),
  name: wire.text(),
  count: wire.optional(wire.integer()),
  share: wire.optional(wire.decimal()),
  isOn: wire.optional(wire.boolean()),
  kind: wire.oneOf('a', 'b'),
  parts: wire.optional(
    wire.list(wire.object({ id: wire.uuid(), note: wire.optional(wire.text()) }), { item: 'part' }),
  ),
  tags: wire.optional(wire.list(wire.text({ min: 1 }), { item: 'tag' })),
});

/** Text that both formats can carry. A text of XML has its line ends made one, so carriage returns are left out. */
const text = fc
  .string({ unit: 'binary', maxLength: 30 })
  .filter((value) => !/[\u0000-\u0008\u000b\u000c\r\u000e-\u001f\ufffe\uffff]/.test(value));
const optional = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: undefined });
const samples = fc.record({
  ids: fc.array(fc.uuid()),
  name: text,
  count: optional(fc.integer()),
  share: optional(
    fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
      .map((n) => Number(n.toFixed(6)) + 0),
  ),
  isOn: optional(fc.boolean()),
  kind: fc.constantFrom('a', 'b'),
  parts: optional(fc.array(fc.record({ id: fc.uuid(), note: optional(text) }), { maxLength: 5 })),
  tags: optional(
    fc.array(
      text.filter((value) => value.trim() !== ''),
      { maxLength: 5 },
    ),
  ),
});
const defined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('the codec', () => {
  test('members in another order, unknown and null ones leave JSON as it is', () => {
    fc.assert(
      fc.property(samples, fc.constantFrom('first', 'last'), (value, place) => {
        const turned = (of: object): object => {
          const members = Object.entries(of).reverse();
          const others = [
            ['unknown', 1],
            ['isOn', null],
          ].filter(([name]) => !(String(name) in of) || of[name as never] === undefined);
          return Object.fromEntries(place === 'first' ? [...others, ...members] : [...members, ...others]);
        };
        const other = turned({ ...value, parts: value.parts?.map(turned) });
        assert.equal(toJson(Sample.shape, other), JSON.stringify(value));
        assert.equal(toJson(Sample.shape, { ...value, unknown: 1 }), JSON.stringify(value));
        assert.equal(toJson(Sample.shape, value), JSON.stringify(value));
      }),
      { numRuns: RUNS },
    );
  });
  test('what was encoded is decoded to the same, in JSON', () => {
    fc.assert(
      fc.property(samples, (value) => {
        assert.deepEqual(
          defined(validate(Sample, readJson(Sample.shape, toJson(Sample.shape, value)))),
          defined(value),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('what was encoded is decoded to the same, in XML', () => {
    fc.assert(
      fc.property(samples, (value) => {
        assert.deepEqual(
          defined(validate(Sample, readXml(Sample.shape, toXml(Sample.shape, value, 'request')))),
          defined(value),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test('no text makes a decoder fail but by refusal', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc.string().map((inner) => `<a>${inner}</a>`),
        ),
        (body) => {
          for (const read of [readJson, readXml])
            try {
              validate(Sample, read(Sample.shape, body));
            } catch (error) {
              assert.ok(error instanceof Refusal, String(error));
            }
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('members named like parts of every object do no harm', () => {
    const Fields = wire.object({ fields: wire.fieldMap() });
    const json = validate(
      Fields,
      readJson(
        Fields.shape,
        '{"__proto__": {"polluted": 1}, "fields": {"__proto__": "x", "constructor": "y"}}',
      ),
    );
    const xml = validate(
      Fields,
      readXml(Fields.shape, '<a><fields><__proto__>x</__proto__><constructor>y</constructor></fields></a>'),
    );
    for (const { fields } of [json, xml]) assert.equal(fields['constructor'], 'y');
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });

  test('bracket names of forms and queries reach lists, maps and objects', () => {
    const Form = wire.object({
      ids: wire.optional(wire.ids()),
      fields: wire.optional(wire.fieldMap()),
      from: wire.optional(wire.object({ startDate: wire.text() })),
    });
    const [a, b] = ['3fa85f64-5717-4562-b3fc-2c963f66afa6', '3fa85f64-5717-4562-b3fc-2c963f66afa7'];
    const read = (query: string, commaSeparated = false) =>
      validate(Form, readPairs(Form.shape, splitUrlEncoded(query), { commaSeparated }));
    for (const query of [
      `ids[id][0]=${a}&ids[id][1]=${b}`,
      `ids[]=${a}&ids[]=${b}`,
      `ids=${a}&ids=${b}`,
      `ids[0]=${a}&ids%5B1%5D=${b}`,
    ])
      assert.deepEqual(read(query).ids, [a, b], query);
    assert.deepEqual(read(`ids=${a},${b}`, true).ids, [a, b]);
    assert.deepEqual({ ...read('fields[email]=x%40y&fields[Login]=z').fields }, { email: 'x@y', login: 'z' });
    assert.deepEqual(read('from[startDate]=2026-01-01').from, { startDate: '2026-01-01' });
    assert.equal(refusal(() => read(`a${'[x]'.repeat(40)}=1`)).code, 'request.too_deep');
  });

  test('at most ten faults are named', () => {
    const fault = refusal(() =>
      validate(Sample, { ids: Array.from({ length: 25 }, () => 'x'), name: '', kind: 'a' }),
    );
    assert.match(
      fault.message,
      /^ids\[0\]: must be a UUID, got x; ids\[1\].*ids\[8\].*ids: and 16 more ids are no UUIDs/,
    );
  });
});

describe('malformed JSON is told with line and column', () => {
  const cases: readonly [string, number, number][] = [
    ['{', 1, 2],
    ['{"a": }', 1, 7],
    ['{"a": 1,}', 1, 9],
    ['[1, 2', 1, 6],
    ['{"a" 1}', 1, 6],
    ['{"a": 1} x', 1, 10],
    ['{"a": tru}', 1, 7],
    ['{\n  "a": "x\n"}', 2, 8],
    ["{'a': 1}", 1, 2],
    ['nonsense', 1, 1],
    ['{"a": 01}', 1, 7],
    ['[1 2]', 1, 4],
  ];
  for (const [body, line, column] of cases)
    test(JSON.stringify(body), () => {
      const { code, details } = refusal(() => readJson(Sample.shape, body));
      assert.equal(code, 'request.malformed_json');
      assert.deepEqual([details['line'], details['column']], [line, column]);
    });

  test('depth 32 is read, 33 is not', () => {
    const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    assert.deepEqual(readJson(Sample.shape, nested(32)), {});
    assert.equal(refusal(() => readJson(Sample.shape, nested(33))).code, 'request.too_deep');
  });
});

describe('hostile XML is refused at once', () => {
  const laughs = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY b${n} "${`&b${n - 1};`.repeat(10)}">`).join('')}]><l>&b8;</l>`;
  const cases: readonly [string, string, string][] = [
    ['a billion laughs', laughs, 'request.doctype'],
    [
      'a quadratic entity',
      `<!DOCTYPE l [<!ENTITY a "${'A'.repeat(50_000)}">]><l>${'&a;'.repeat(20_000)}</l>`,
      'request.doctype',
    ],
    [
      'an external entity',
      '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><l>&x;</l>',
      'request.doctype',
    ],
    [
      'a parameter entity',
      '<!DOCTYPE l [<!ENTITY % p SYSTEM "http://x.example/e"> %p;]><l/>',
      'request.doctype',
    ],
    ['a bare document type', '<!DOCTYPE request><request/>', 'request.doctype'],
    ['a million levels', '<a>'.repeat(1_000_000), 'request.too_deep'],
    ['33 levels', `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`, 'request.too_deep'],
    [
      'many attributes',
      `<a ${Array.from({ length: 100_000 }, (_, n) => `k${n}="v"`).join(' ')}/>`,
      'request.invalid',
    ],
    ['an attribute given twice', '<a x="1" x="2"/>', 'request.malformed_xml'],
    ['an entity that nobody declared', '<a>&eacute;</a>', 'request.malformed_xml'],
    ['a character that XML cannot have', '<a>&#0;</a>', 'request.malformed_xml'],
    ['two roots', '<a/><b/>', 'request.malformed_xml'],
    ['text after the root', '<a/>trailing', 'request.malformed_xml'],
    ['crossed elements', '<a><b></a></b>', 'request.malformed_xml'],
    ['an open element', '<a><b>', 'request.malformed_xml'],
    ['an open comment', `<a><!--${'-'.repeat(200_000)}</a>`, 'request.malformed_xml'],
    ['white space without end in a tag', `<a ${'\t'.repeat(200_000)}x`, 'request.malformed_xml'],
    ['no XML at all', 'hello', 'request.malformed_xml'],
  ];
  for (const [name, body, code] of cases)
    test(name, () => {
      assert.equal(refusal(() => readXml(Sample.shape, body)).code, code);
    });

  const [one, two, three] = [
    '01a2137a-2be4-7020-a698-5f27eef19a73',
    '01A2137A-2BE4-7020-A698-5F27EEF19A74',
    '01a2137a-2be4-7020-a698-5f27eef19a75',
  ];
  const pair = `<id>${two}</id> <id>${three}</id>`;
  const runs: readonly [string, string, unknown][] = [
    [
      'a run of ids',
      `<r><ids><id>${one}</id>\n<id>${two}</id><id>${three}</id></ids></r>`,
      { ids: [one, two, three] },
    ],
    [
      'other names in a run',
      `<r><ids><x>${one}</x><x>${two}</x><id>${three}</id></ids></r>`,
      { ids: [one, two, three] },
    ],
    [
      'a run in a comment',
      `<r><ids><id>${one}</id><!-- ${pair} --><id>${one}</id></ids></r>`,
      { ids: [one, one] },
    ],
    [
      'a run in CDATA',
      `<r><ids><id>${one}</id></ids><name><![CDATA[${pair}]]></name></r>`,
      { ids: [one], name: pair },
    ],
    ['a run in an unknown element', `<r><other>${pair}</other><name>n</name></r>`, { name: 'n' }],
    ['a run in a list of texts', `<r><tags>${pair}</tags></r>`, { tags: [two, three] }],
    ['two runs', `<r><ids>${pair}</ids><ids>${pair}</ids></r>`, { ids: [two, three, two, three] }],
    ['a run in a processing instruction', `<r><?p ${pair}?><name>n</name></r>`, { name: 'n' }],
  ];
  for (const [name, body, value] of runs)
    test(`${name} is read as it stands`, () => {
      assert.deepEqual(readXml(Sample.shape, body), value);
    });

  test('a fault after a run is found in its line and column', () => {
    const body = `<r>\n<ids>\n${`<id>${one}</id>\n`.repeat(50)}</ids>\n<name>a & b</name></r>`;
    const { code, details } = refusal(() => readXml(Sample.shape, body));
    assert.deepEqual([code, details['line'], details['column']], ['request.malformed_xml', 54, 23]);
  });

  test('CDATA, numeric references, name spaces, comments and processing instructions are plain XML', () => {
    const body =
      '<?xml version="1.0"?><?pi x?><n:r xmlns:n="urn:n"><!-- c --><n:name><![CDATA[<b>&]]>&#x41;&amp;</n:name><other><name>no</name></other></n:r>';
    assert.deepEqual(readXml(Sample.shape, body), { name: '<b>&A&' });
  });
});

describe('the format of an answer', () => {
  const cases: readonly [string | undefined, string][] = [
    [undefined, 'xml'],
    ['', 'xml'],
    ['*/*', 'xml'],
    ['application/json', 'json'],
    ['APPLICATION/JSON', 'json'],
    ['application/xml', 'xml'],
    ['text/xml', 'xml'],
    ['application/json, text/plain, */*', 'xml'],
    ['application/json, application/*+json', 'json'],
    ['application/json;q=0.9, application/xml;q=0.8', 'json'],
    ['application/*', 'xml'],
    ['application/xml;q=0, */*', 'json'],
    ['text/html, application/json;q=0.1', 'json'],
  ];
  for (const [accept, expected] of cases)
    test(String(accept), () => assert.equal(negotiate(accept), expected));
  for (const [accept, expected] of [
    [undefined, 'json'],
    ['*/*', 'json'],
    ['application/xml', 'xml'],
    ['application/json', 'json'],
  ] as const)
    test(`the token endpoint: ${accept}`, () => assert.equal(negotiate(accept, true), expected));
  test('what cannot be produced', () =>
    assert.equal(refusal(() => negotiate('image/png')).code, 'request.not_acceptable'));
});
