import { addSmartGroup, type SentRule as Rule, toSentRules } from '../support/people.ts';
import { created, given, members, notFound, refused, setup, UNKNOWN } from './groups.ts';
import { contract, type Row } from './runner.ts';

/** Section 6 of the contract: smart groups and their rules. */

const ruleXml = (rule: Rule): string =>
  `<rule>${Object.entries(rule)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('')}</rule>`;
/** Rules as the contract's OpenAPI spells them, in both formats. */
const rules = (and: Rule[][]) => ({
  json: toSentRules(and),
  xml: `<rules>${and.map((or) => `<and>${or.map((rule) => `<or>${ruleXml(rule)}</or>`).join('')}</and>`).join('')}</rules>`,
});
const post = (
  path: string,
  and: Rule[][],
  name?: string,
): Pick<Row, 'method' | 'path' | 'body' | 'xmlBody'> => ({
  method: 'POST',
  path,
  body: { ...(name ? { name } : {}), rules: rules(and).json },
  xmlBody: `<request>${name ? `<name>${name}</name>` : ''}${rules(and).xml}</request>`,
});
const inDepartment = (value: string, operator = 1): Rule => ({ attributeType: 1, operator, value });
const inGroup = (value: string): Rule => ({ attributeType: 2, operator: 1, value });
const hasField = (attributeId: string, value: string): Rule => ({
  attributeType: 3,
  attributeId,
  operator: 1,
  value,
});
const smartOf = (...and: Rule[][]) =>
  given((world, names) =>
    addSmartGroup(
      world,
      and.map((or) => or.map((rule) => ({ ...rule, value: names[rule.value] ?? rule.value }))),
      'Made',
    ),
  );

const reading: readonly Row[] = [
  {
    name: 'GET /group/smart/{id}/rules',
    method: 'GET',
    path: '/group/smart/{newSellers}/rules',
    expect: {
      status: 200,
      json: {
        smartGroupRules: {
          groupId: '{newSellers}',
          rules: rules([[inGroup('{sellers}')], [inGroup('{newcomers}')]]).json,
        },
      },
      xml: `<response><smartGroupRules>
        <groupId>{newSellers}</groupId>
        ${rules([[inGroup('{sellers}')], [inGroup('{newcomers}')]]).xml}
      </smartGroupRules></response>`,
    },
  },
  {
    name: 'GET /group/smart/{id}/rules of a plain group',
    method: 'GET',
    path: '/group/smart/{newcomers}/rules',
    expect: refused('group.not_smart', 400, 'Group {newcomers} is not smart: it has no rules.'),
  },
  {
    name: 'GET /group/smart/{id}/rules that name departments of others',
    method: 'GET',
    path: '/group/smart/{sellers}/rules',
    as: 'author',
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {sales} is not one you manage.',
    ),
  },
];

const writing: readonly Row[] = [
  {
    name: 'POST /group/smart',
    ...post(
      '/group/smart',
      [
        [inDepartment('{hr}'), hasField('login', 'ben')],
        [inGroup('{newcomers}'), inDepartment('{sales}', 2)],
      ],
      'Mixed',
    ),
    expect: created,
    afterwards: [members('created', 'Mixed', true, 'ben', 'eve')],
  },
  {
    name: 'POST /group/smart, the group wanted back',
    ...post('/group/smart', [[inDepartment('{emea}')]], 'EMEA'),
    headers: { 'x-return-object': 'true' },
    expect: {
      status: 201,
      json: { usersCount: 1, userIds: ['{ben}'], groupId: '{*uuid}', name: 'EMEA', isSmart: true },
      xml: `<response><group><usersCount>1</usersCount><userIds><id>{ben}</id></userIds>
        <groupId>{*uuid}</groupId><name>EMEA</name><isSmart>1</isSmart></group></response>`,
    },
  },
  {
    name: 'POST /group/smart with bare rules',
    method: 'POST',
    path: '/group/smart',
    body: { name: 'Bare', rules: { and: [{ or: [inDepartment('{emea}'), hasField('LOGIN', 'eve')] }] } },
    xmlBody: `<request><name>Bare</name><rules><and>
      <or><attributeType>1</attributeType><operator>1</operator><value>{emea}</value></or>
      <or><attributeType>3</attributeType><attributeId>LOGIN</attributeId><operator>1</operator><value>eve</value></or>
    </and></rules></request>`,
    expect: created,
    afterwards: [members('created', 'Bare', true, 'ben', 'eve')],
  },
  {
    name: 'POST /group/smart as who manages the departments named',
    ...post(
      '/group/smart',
      [[inDepartment('{emea}'), inDepartment('{sales}')], [inGroup('{newcomers}')]],
      'Ours',
    ),
    as: 'manager',
    expect: created,
    afterwards: [members('created', 'Ours', true, 'ann')],
  },
  {
    name: 'POST /group/smart that could admit people of others',
    ...post(
      '/group/smart',
      [[inDepartment('{sales}'), inGroup('{newcomers}')], [hasField('LOGIN', 'eve')]],
      'Theirs',
    ),
    as: 'manager',
    expect: refused(
      'group.scope',
      403,
      'Permission denied: rules: one of the conditions must name only departments you manage, or others could be admitted.',
    ),
  },
  {
    name: 'POST /group/smart with a department of others',
    ...post('/group/smart', [[inDepartment('{sales}')], [inDepartment('{hr}')]], 'Theirs'),
    as: 'manager',
    expect: refused(
      'auth.department_scope',
      403,
      'Permission denied: department {hr} is not one you manage.',
    ),
  },
  {
    name: 'POST /group/smart/{id}',
    ...post(
      '/group/smart/{made}',
      [[hasField('first_name', 'Nobody'), inDepartment('{hr}', 2)], [inGroup('{newcomers}')]],
      'Changed',
    ),
    ...smartOf([inDepartment('sales', 2)]),
    expect: { status: 200 },
    afterwards: [members('made', 'Changed', true, 'eve')],
  },
  {
    name: 'POST /group/smart/{id} without a name',
    ...post('/group/smart/{made}', [[inDepartment('{emea}')]]),
    ...smartOf([inDepartment('sales', 2)]),
    expect: { status: 200 },
    afterwards: [members('made', 'Made', true, 'ben')],
  },
  {
    name: 'POST /group/smart/{id} of a plain group',
    ...post('/group/smart/{newcomers}', [[inDepartment('{sales}')]]),
    expect: refused('group.not_smart', 400, 'Group {newcomers} is not smart: it has no rules.'),
  },
  {
    name: 'POST /group/smart/{id} that is not there',
    ...post(`/group/smart/${UNKNOWN}`, [[inDepartment('{sales}')]]),
    expect: notFound,
  },
  {
    name: 'POST /group/smart/{id} that would refer to itself',
    ...post('/group/smart/{sellers}', [
      [inDepartment('{sales}')],
      [inGroup('{newcomers}'), inGroup('{sellers}')],
    ]),
    expect: refused(
      'group.cycle',
      400,
      'rules.and[1].or[1].value: the group {sellers} depends on this group, so this group cannot depend on it.',
    ),
  },
  {
    name: 'POST /group/smart/{id} that would refer to itself through another',
    ...post('/group/smart/{sellers}', [[inGroup('{newSellers}')]]),
    expect: refused(
      'group.cycle',
      400,
      'rules.and[0].or[0].value: the group {newSellers} depends on this group, so this group cannot depend on it.',
    ),
    afterwards: [
      members('sellers', 'Sellers', true, 'ann', 'ben'),
      members('newSellers', 'New <sellers>', true, 'ann'),
    ],
  },
];

/** Rules that cannot stand, and what is said about them. */
const BAD: readonly [string, Rule[][], string, string][] = [
  [
    'an unknown department',
    [[inDepartment('{sales}')], [inDepartment('{hr}'), inDepartment(UNKNOWN, 2)]],
    'people.unknown_department',
    `rules.and[1].or[1].value: unknown department ${UNKNOWN}.`,
  ],
  [
    'an unknown group',
    [[inGroup('{newcomers}'), inGroup(UNKNOWN)]],
    'group.unknown_ids',
    `rules.and[0].or[1].value: unknown groups ${UNKNOWN}.`,
  ],
  [
    'an unknown profile field',
    [[hasField('SHOE_SIZE', '44')]],
    'request.invalid',
    'rules.and[0].or[0].attributeId: names no profile field of this account: SHOE_SIZE.',
  ],
  [
    'a profile field without a name',
    [[{ attributeType: 3, operator: 1, value: 'x' }]],
    'request.invalid',
    'rules.and[0].or[0].attributeId: must name a profile field.',
  ],
  [
    'a department that is no id',
    [[inDepartment('Sales')]],
    'request.invalid',
    'rules.and[0].or[0].value: must be a UUID, got Sales.',
  ],
  [
    'a group with all below it',
    [[{ ...inGroup('{newcomers}'), operator: 2 }]],
    'request.invalid',
    'rules.and[0].or[0].operator: 2 (this and nested) is for departments only.',
  ],
  [
    'an unknown kind of attribute',
    [[{ ...inGroup('{newcomers}'), attributeType: 4 }]],
    'request.invalid',
    'rules.and[0].or[0].rule.attributeType: must be from 1 to 3, got 4.',
  ],
];

const bad: readonly Row[] = [
  ...BAD.map(
    ([what, and, code, message]): Row => ({
      name: `POST /group/smart with ${what}`,
      ...post('/group/smart', and, 'Bad'),
      expect: refused(code, 400, message),
    }),
  ),
  {
    name: 'POST /group/smart with a rule that compares nothing',
    method: 'POST',
    path: '/group/smart',
    body: { name: 'Bad', rules: { and: [{ or: [{ attributeType: 1, value: '{sales}' }] }] } },
    xmlBody: `<request><name>Bad</name><rules><and><or><attributeType>1</attributeType><value>{sales}</value></or></and></rules></request>`,
    expect: refused('request.invalid', 400, 'rules.and[0].or[0].operator: is required.'),
  },
  {
    name: 'POST /group/smart without conditions',
    method: 'POST',
    path: '/group/smart',
    body: { name: 'Bad', rules: { and: [] } },
    xmlBody: '<request><name>Bad</name><rules><and/></rules></request>',
    expect: refused('request.invalid', 400, 'rules.and: must not be empty.'),
  },
  {
    name: 'POST /group/smart with a condition without alternatives',
    method: 'POST',
    path: '/group/smart',
    body: { name: 'Bad', rules: { and: [{ or: [] }] } },
    xmlBody: '<request><name>Bad</name><rules><and><or/></and></rules></request>',
    expect: refused('request.invalid', 400, 'rules.and[0].or: must not be empty.'),
  },
];

contract('smart groups', setup, [...reading, ...writing, ...bad]);
