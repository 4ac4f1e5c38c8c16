#!/usr/bin/env python3
"""Makes the department tree and the users of an account equal to two files. Run it as often as you like.

  sync_people.py departments.csv users.csv

departments.csv: code,name,parent     (parent: the code of a department above it in the file; empty for the top)
users.csv:       login,email,first_name,last_name,department     (department: a code)

What the files do not name is left alone, except users of departments in the file: who is missing is deactivated.
"""

import csv
import sys

from rollbook import call, pages


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def every(path, key, query=None):
    return [entry for _, entries in pages(path, key, query) for entry in entries]


def sync_departments(rows):
    """Answers the id of each code."""
    known = every("/departments", "departments")
    root = next(d["departmentId"] for d in known if "parentDepartmentId" not in d)
    by_code = {d["code"]: d for d in known if d["code"]}
    ids, created, changed = {}, 0, 0
    for row in rows:
        parent = ids[row["parent"]] if row["parent"] else root
        wanted = {"name": row["name"], "parentDepartmentId": parent, "code": row["code"]}
        found = by_code.get(row["code"])
        if found is None:
            ids[row["code"]] = call("POST", "/department", wanted)
            created += 1
            continue
        ids[row["code"]] = found["departmentId"]
        if any(found.get(member) != value for member, value in wanted.items()):
            call("POST", f"/department/{found['departmentId']}", wanted)
            changed += 1
    print(f"departments: {created} created, {changed} changed")
    return ids


def sync_users(rows, departments):
    query = {"departments[]": list(departments.values())}
    here = {field(u, "LOGIN"): u for u in every("/users/v2", "userProfiles", query)}
    created = changed = 0
    for row in rows:
        fields = {name: row[name] for name in ("login", "email", "first_name", "last_name")}
        wanted = {"departmentId": departments[row["department"]], "fields": fields}
        user = here.get(row["login"]) or find(row["login"])
        if user is None:
            call("POST", "/user", {**wanted, "role": "learner"})
            created += 1
        elif user["departmentId"] != wanted["departmentId"] or any(
            field(user, name) != value for name, value in fields.items()
        ):
            call("POST", f"/user/{user['userId']}", wanted)
            changed += 1
    listed = {row["login"] for row in rows}
    gone = [u["userId"] for login, u in here.items() if login not in listed and u["status"] == 1]
    if gone:
        call("POST", "/users/deactivate", {"userIds": gone})
    print(f"users: {created} created, {changed} changed, {len(gone)} deactivated")


def find(login):
    """A user of another department, who is to be moved."""
    found = every("/users/v2", "userProfiles", {"logins[]": login})
    return found[0] if found else None


def field(user, name):
    return next((f["value"] for f in user["fields"] if f["name"] == name.upper()), "")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sync_users(read(sys.argv[2]), sync_departments(read(sys.argv[1])))
