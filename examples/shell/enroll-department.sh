#!/bin/sh
# Enrolls every active user of a department in a course, for thirty days from now.
#   enroll-department.sh DEPARTMENT_CODE COURSE_ID
set -eu
[ $# -eq 2 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
. "$(dirname "$0")/token.sh"

department=$(get "/department?code=$1" | sed -n 's/.*"departmentId":"\([^"]*\)".*/\1/p')
[ -n "$department" ] || { echo "There is no department with the code $1." >&2; exit 1; }

# A line per user; the active ones; their ids, in quotes and with commas
learners=$(get "/user?departments[]=$department" | sed 's/{"userId"/\n&/g' | grep '"status":1' |
  sed 's/.*{"userId":\("[^"]*"\).*/\1/' | paste -sd, - || true)
[ -n "$learners" ] || { echo "The department $1 has no active users." >&2; exit 1; }

get /enrollment -H 'Content-Type: application/json' -d @- <<BODY
{"courseIds":["$2"],"learnerIds":[$learners],"dueDateType":"due_period","duePeriod":720}
BODY
echo "$learners" | tr ',' '\n' | wc -l | xargs printf 'enrolled: %s\n'
