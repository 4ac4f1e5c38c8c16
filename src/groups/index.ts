/**
 * Groups of users. Members of plain groups are set by hand; those of smart groups follow from rules about departments,
 * other groups and profile fields. Both are stored. Whoever changes people calls `usersChanged` or `departmentsMoved`
 * in the same transaction, so that the stored members always equal what the rules say.
 */
export { departmentsMoved, evaluateFully, usersChanged } from './evaluate.ts';
export { addToGroups, refuseUnknownGroups, removeFromGroups, setGroups } from './membership.ts';
export { findGroups, groupIdsOf, insertMembers, isInGroups, type NewGroup } from './queries.ts';
export { groupRoutes } from './routes.ts';
export { ATTRIBUTE, OPERATOR, type Rules } from './rules.ts';
export { makeGroups } from './smart.ts';
